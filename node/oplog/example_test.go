package oplog_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
)

// An edit goes from one device into the log, over the wire, and out again on
// another: what node does with every keystroke.
func Example() {
	// Ada makes a document: an epoch key, and the genesis that announces it.
	ada, err := identity.Generate(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	epochKey, err := seal.NewEpochKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	epoch := epochKey.ID(ada.Device())
	genesis, err := access.NewGenesis(ada, epoch, rand.Reader, time.Now())
	if err != nil {
		log.Fatal(err)
	}
	doc := genesis.DocID()
	members := access.NewLog(doc)
	if _, err := members.Add(genesis); err != nil {
		log.Fatal(err)
	}
	auth, _, _ := members.Authority(ada.Device())

	// She writes: the header without the ciphertext's hash binds the
	// ciphertext, whose hash then completes the header, which is signed.
	chain := seal.Chain{Doc: doc, Device: ada.Device(), Auth: auth, Inc: 0}
	sealer, err := seal.NewSealer(epochKey, chain)
	if err != nil {
		log.Fatal(err)
	}
	header := oplog.Header{
		Doc: doc.Short(), Author: ada.Device(), Auth: auth, Inc: 0, Seq: 0,
		Epoch: epoch, Stream: oplog.StreamBody, Kind: oplog.KindUpdate, NumOps: 1,
	}
	aad, err := header.AAD()
	if err != nil {
		log.Fatal(err)
	}
	ct, err := sealer.Seal(aad, seal.Payload{Body: []byte("a Yjs update")})
	if err != nil {
		log.Fatal(err)
	}
	entry, err := oplog.Sign(ada, header, ct)
	if err != nil {
		log.Fatal(err)
	}

	// Whoever gets the bytes judges them without any key …
	received, err := oplog.Decode(entry.Raw)
	if err != nil {
		log.Fatal(oplog.VerdictOf(err))
	}
	chains := oplog.NewChains(doc)
	fmt.Println(chains.Check(members, received))
	chains.Append(received)
	fmt.Println(chains.Check(members, received))

	// … and opens them with the epoch's.
	aad, err = received.AAD()
	if err != nil {
		log.Fatal(err)
	}
	payload, err := sealer.Open(aad, received.Ct)
	if errors.Is(err, seal.ErrInert) || errors.Is(err, seal.ErrDecrypt) {
		log.Fatal("the entry stays in its chain and contributes nothing")
	}
	fmt.Printf("%s\n", payload.Body)

	// Output:
	// accept
	// ignore: entry is known
	// a Yjs update
}
