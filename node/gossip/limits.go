package gossip

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Rates limit what a document takes by gossip. What is above them is passed
// over and left to sync, which has its own pace. Zero fields mean the default.
type Rates struct {
	// AuthorEntries is how many entries a second one author may spread.
	// Default 20, in bursts of AuthorBurst, default 100.
	AuthorEntries, AuthorBurst float64
	// AuthorBytes is how many bytes a second. Default 256 KiB, in bursts of
	// four times as much.
	AuthorBytes float64
	// DeviceOps is how many access ops an hour one peer may bring. Default 30,
	// which is also the burst.
	DeviceOps float64
	// PeerPresence is how many presence frames a second one peer may bring for
	// each other member. Default 5, in bursts of twice as much.
	PeerPresence float64
}

func (r *Rates) setDefaults() {
	def := func(f *float64, v float64) {
		if *f <= 0 {
			*f = v
		}
	}
	def(&r.AuthorEntries, 20)
	def(&r.AuthorBurst, 100)
	def(&r.AuthorBytes, 256<<10)
	def(&r.DeviceOps, 30)
	def(&r.PeerPresence, 5)
}

// Wraps a peer may bring: a burst when a key is made new for many members.
const (
	wrapsPerSecond = 1
	wrapsBurst     = 1 << 10
)

// maxBuckets bounds the buckets of one topic. A peer that invents authors gains
// nothing by it: what is dropped is filled again, for everyone.
const maxBuckets = 4096

// bucketKey names a bucket: what one peer brings of one author. The author is
// only claimed when the token is taken, before any signature is verified; with
// the bringing peer in the key, nobody can use up an honest author's tokens
// but those who pass its entries on.
type bucketKey struct {
	kind   bucketKind
	peer   peer.ID
	author wire.Device
}

type bucketKind uint8

const (
	entryCount bucketKind = iota
	entryBytes
	opCount
	wrapCount
	presenceCount
)

// bucket is a token bucket.
type bucket struct {
	tokens float64
	last   time.Time
}

// buckets are the token buckets of one topic; one goroutine uses them.
type buckets struct {
	rates Rates
	m     map[bucketKey]*bucket
}

func newBuckets(r Rates) *buckets {
	r.setDefaults()
	return &buckets{rates: r, m: map[bucketKey]*bucket{}}
}

// shape returns the refill a second and the size of a bucket.
func (b *buckets) shape(k bucketKind) (perSecond, burst float64) {
	switch k {
	case entryCount:
		return b.rates.AuthorEntries, b.rates.AuthorBurst
	case entryBytes:
		return b.rates.AuthorBytes, 4 * b.rates.AuthorBytes
	case opCount:
		return b.rates.DeviceOps / 3600, b.rates.DeviceOps
	case wrapCount:
		return wrapsPerSecond, wrapsBurst
	}
	return b.rates.PeerPresence, 2 * b.rates.PeerPresence
}

// take takes n tokens, or none and reports false.
func (b *buckets) take(key bucketKey, n float64, now time.Time) bool {
	perSecond, burst := b.shape(key.kind)
	e := b.m[key]
	if e == nil {
		if len(b.m) >= maxBuckets {
			b.evict(now)
		}
		e = &bucket{tokens: burst, last: now}
		b.m[key] = e
	}
	if passed := now.Sub(e.last); passed > 0 {
		e.tokens = min(burst, e.tokens+passed.Seconds()*perSecond)
		e.last = now
	}
	if e.tokens < n {
		return false
	}
	e.tokens -= n
	return true
}

// evict drops full buckets, which say nothing, and if that is not enough any
// others, so that it has not to be done again for long.
func (b *buckets) evict(now time.Time) {
	for key, e := range b.m {
		perSecond, burst := b.shape(key.kind)
		if e.tokens+now.Sub(e.last).Seconds()*perSecond >= burst {
			delete(b.m, key)
		}
	}
	for key := range b.m {
		if len(b.m) <= maxBuckets*3/4 {
			return
		}
		delete(b.m, key)
	}
}
