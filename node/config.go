package node

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Config says what a Node is made of. Key and Store are required.
type Config struct {
	// Key is the device's private key; its public half is the node's peer id
	// and the author of everything it writes.
	Key *identity.Key
	// Store keeps everything. The Node does not close it.
	Store store.Store
	// Host is the libp2p host, made from the same Key. Nil: the node never
	// reaches anyone (commands that only read). The Node does not close it.
	Host host.Host
	// Gate, if the host has one, is closed while the node works offline.
	Gate *transport.Gate
	// Name is shown to others beside this device's caret. Default "".
	Name string
	// Hints returns the addresses to put into links. Default: the host's.
	Hints func() []string
	// LocalDiscovery finds other nodes on the local network by mDNS.
	LocalDiscovery discovery.Mode
	// Acting makes what a second node in this program stands on while it acts
	// as a paper key. Nil: this node cannot restore from recovery words.
	Acting func(*identity.Key) (Acting, error)
	// Lost lists documents the store knows it held and can no longer read;
	// they are filled again from peers.
	Lost []wire.DocID
	// Rand is the source of randomness. Default crypto/rand.
	Rand io.Reader
	// Now is the clock. It takes no part in merging. Default time.Now.
	Now func() time.Time
	// Registry receives the metrics of the node, of sync and of gossip. It is of
	// use to one node only. Nil: none.
	Registry prometheus.Registerer
	// Logger gets what an operator should know, never content, titles, keys
	// or links. Nil discards.
	Logger *slog.Logger
}

// Limits of what one node holds in memory for one document.
const (
	maxSessions        = 64              // editing sessions open at once
	maxSessionOutbox   = 16 << 20        // bytes waiting for a slow page; above that it is reset
	maxIncoming        = 8 << 20         // bytes received and not yet durable; above that senders wait
	maxPendingBytes    = 32 << 20        // own edits that wait for the store; above that pages keep theirs
	maxUpdateBytes     = 8 << 20         // one update from a page
	maxDraftBytes      = 512 << 10       // one draft record
	maxEntryUpdate     = 16 << 10        // body of one entry when an update is cut
	maxEntryOps        = 4096            // structs and delete ranges in one entry
	maxEntryStructs    = 10_000          // structs an entry from outside may hold
	maxEntryDeps       = 64              // dependencies one entry may list
	maxDocuments       = 10_000          // documents of one node
	maxTitleBytes      = 1 << 10         // title of a document
	detachedSessionTTL = 2 * time.Minute // a session without a connection keeps its slot this long
)

// Timing of the way from a keystroke to the other devices.
const (
	draftInterval   = 40 * time.Millisecond  // between two commits of drafts: own edits are durable within 50 ms
	sealInterval    = 50 * time.Millisecond  // drafts become an entry after this, while someone listens
	sealAlone       = 2 * time.Second        // and after this when nobody does
	sealRetry       = 5 * time.Second        // after an own edit could not be sealed
	sealMax         = time.Second            // the longest wait under load
	entriesPerSec   = 200                    // rate above which sealing waits longer
	reofferInterval = 700 * time.Millisecond // an entry no peer has confirmed is offered again by sync
	housekeeping    = 500 * time.Millisecond // between two looks at what is due without an event
	infoInterval    = 10 * time.Second       // between two stores of the time of the last edit
	retryMin        = 200 * time.Millisecond // after a failed commit
	retryMax        = 5 * time.Second
)

func (c *Config) setDefaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// background is the context of work that ends with the node, not with a call.
func background() context.Context { return context.Background() }
