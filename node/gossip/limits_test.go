package gossip

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/wire"
)

var (
	start   = time.UnixMilli(1_700_000_000_000)
	discard = slog.New(slog.DiscardHandler)
)

func TestBuckets(t *testing.T) {
	b := newBuckets(Rates{})
	key := bucketKey{kind: entryCount, peer: "p", author: wire.Device{1}}
	taken := func(key bucketKey, at time.Time) (n int) {
		for b.take(key, 1, at) {
			n++
		}
		return n
	}
	if n := taken(key, start); n != 100 {
		t.Errorf("burst of %d entries, want 100", n)
	}
	if n := taken(key, start.Add(time.Second)); n != 20 {
		t.Errorf("%d entries in a second, want 20", n)
	}
	// A clock that goes back gives nothing, and takes nothing away.
	if n := taken(key, start.Add(-time.Hour)); n != 0 {
		t.Errorf("%d entries in the past", n)
	}
	if n := taken(key, start.Add(time.Hour)); n != 100 {
		t.Errorf("%d entries after an hour, want the burst", n)
	}
	other := key
	other.peer = "q"
	if n := taken(other, start); n != 100 {
		t.Errorf("another peer's entries of the author: %d", n)
	}
	ops := bucketKey{kind: opCount, peer: "p"}
	if n := taken(ops, start); n != 30 {
		t.Errorf("%d ops at once", n)
	}
	if n := taken(ops, start.Add(20*time.Minute)); n != 10 {
		t.Errorf("%d ops in 20 minutes", n)
	}
	size := bucketKey{kind: entryBytes, peer: "p"}
	sum := 0
	for b.take(size, 64<<10, start) {
		sum += 64 << 10
	}
	if sum != 1<<20 {
		t.Errorf("burst of %d bytes", sum)
	}
}

// Inventing authors takes bounded memory.
func TestBucketsAreBounded(t *testing.T) {
	b := newBuckets(Rates{})
	for i := range 5 * maxBuckets {
		var d wire.Device
		copy(d[:], fmt.Sprint(i))
		b.take(bucketKey{kind: entryCount, peer: peer.ID("bad"), author: d}, 1, start.Add(time.Duration(i)*time.Microsecond))
	}
	if len(b.m) > maxBuckets {
		t.Errorf("%d buckets", len(b.m))
	}
}
