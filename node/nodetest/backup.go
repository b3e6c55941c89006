package nodetest

import (
	"bytes"
	"context"
	"time"

	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

const backupPassphrase = "a passphrase"

// Backup makes a backup of the node as it is now.
func (p *Peer) Backup(ctx context.Context) []byte {
	p.world.T.Helper()
	var b bytes.Buffer
	_, err := backup.Write(ctx, &b, backupPassphrase, backup.Config{Key: p.key, Store: p.store, Now: time.Now(), WorkFactor: 1})
	if err != nil {
		p.world.T.Fatal(err)
	}
	return b.Bytes()
}

// Restore ends the node and gives it the key and the store of a backup.
func (p *Peer) Restore(ctx context.Context, saved []byte) {
	p.world.T.Helper()
	p.Stop()
	p.store = memstore.New()
	key, _, err := backup.Restore(ctx, bytes.NewReader(saved), backupPassphrase, nil, p.store)
	if err != nil {
		p.world.T.Fatal(err)
	}
	p.key = key
}
