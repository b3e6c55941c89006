package access

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// testTime is when everything in these tests happens.
var testTime = time.UnixMilli(1_700_000_000_000)

// testKey returns the device key of a name: the same in every run.
func testKey(name string) *identity.Key {
	key, err := identity.FromSeeds(sha256.Sum256([]byte("sign "+name)), sha256.Sum256([]byte("seal "+name)))
	if err != nil {
		panic(err)
	}
	return key
}

// testSecret returns a link's secret: the same in every run.
func testSecret(name string) (secret [16]byte) {
	sum := sha256.Sum256([]byte("secret " + name))
	copy(secret[:], sum[:])
	return secret
}

func testRand(seed uint64) io.Reader { return rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("access test: %v", err))
	}
	return v
}

// newTestLog returns the log of a new document that key owns.
func newTestLog(key *identity.Key) (*Log, *Op) {
	genesis := must(NewGenesis(key, wire.EpochID{7}, testRand(1), testTime))
	l := NewLog(genesis.DocID())
	must(l.Add(genesis))
	return l, genesis
}

// add adds an op that has to be taken.
func add(t *testing.T, l *Log, op *Op, err error) *Op {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	res, err := l.Add(op)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Added) == 0 {
		t.Fatalf("%s was not added: %+v", op.Kind, res)
	}
	return op
}

// join lets guest in by an invite, answered by host.
func join(t *testing.T, l *Log, host, guest *identity.Key, keys *InviteKeys) *Op {
	t.Helper()
	invite, ok := l.FindInvite(keys.Public())
	if !ok {
		t.Fatal("the invite is not known")
	}
	r := must(ParseJoinRequest(must(NewJoinRequest(l.doc, invite, keys, guest))))
	if err := CheckJoinRequest(l, r, testTime); err != nil {
		t.Fatal(err)
	}
	op, err := NewGrantVia(l, host, r, testTime)
	return add(t, l, op, err)
}
