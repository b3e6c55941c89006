package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
)

// Plain is what Write encrypts.
func Plain(key *identity.Key, st store.Store) []byte {
	var b bytes.Buffer
	f := &frameWriter{w: bufio.NewWriter(&b), hash: sha256.New()}
	sum := Summary{}
	if err := f.all(context.Background(), Config{Key: key, Store: st, Now: time.UnixMilli(1)}, &sum); err != nil {
		panic(err)
	}
	if err := f.w.Flush(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ReadPlain reads what Verify finds when it has decrypted.
func ReadPlain(r io.Reader) error {
	f := newFrameReader(r, nil)
	_, _, err := f.all(func(store.Record) error { return nil })
	return err
}
