package node

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// State says what a document can be used for.
type State string

// The states of a document.
const (
	StateReady   State = "ready"   // open for reading and, by role, writing
	StateJoining State = "joining" // waiting for a member to let this device in
	StateDamaged State = "damaged" // records are missing here; being refilled from peers
	StateRemoved State = "removed" // this device was a member; what it has stays readable here
)

// Document is one document as this node holds it: the access log, the entry
// chains, the keys, the merged content and the sessions editing it. Methods
// are safe for concurrent use.
//
// One goroutine (run) makes everything durable, in order; everything else
// changes the state under mu and leaves records in out for it.
type Document struct {
	node *Node
	id   wire.DocID
	log  *slog.Logger
	kick chan struct{} // wakes run; capacity 1
	done chan struct{} // closed when run has ended

	mu    sync.Mutex
	space *sync.Cond // on mu: out has room again

	// Who may do what, and with which keys.
	access      *access.Log
	keys        map[wire.EpochID]seal.EpochKey
	epochs      epochs
	wraps       map[string]*access.Wrap // by the name of their record
	slots       map[slotWraps][]*access.Wrap
	seals       map[wire.SealHash]seal.SealKey // public seal keys of members and invites
	wrapping    wrapping
	roster      roster
	followed    uint64                    // revision of the access log that was followed
	refused     bool                      // entries were refused since
	standing    standing                  // what this device was last
	links       map[wire.OpID]*linkRecord // the links this device made
	sharedLinks map[wire.OpID]*linkRecord // those the user's other devices made, by the home document
	join        *joinRecord               // the link this device waits to be let in by, if any
	tended      uint64                    // revision of access that tendAccess has seen

	tendedKeys int // and how many keys were held then

	requests     map[wire.Device]*keptRequest // to be let in, for members who may answer
	requestsTold time.Time

	// The log and what it was merged into.
	chains  *oplog.Chains
	sealers map[sealerKey]*seal.Sealer
	causes  *causality
	queue   *applyQueue
	merged  merged

	unfollow func() // ends onBodyUpdate; nil while there is no session

	// Own edits on their way into the log.
	sessions  map[string]*Session
	own       map[wire.ChainID]*slot
	freeSlots []uint32 // incs of closed sessions that may be leased again
	pending   pendingEdits
	sealing   []*group                  // groups whose entries are in the commit under way
	unsettled map[entryRef]wire.EntryID // entries made and not durable yet
	nextDraft uint64
	renamed   map[crdt.ClientID]crdt.ClientID // by adoptPending, in this run

	// What run has to store, and what it has to tell when that is done.
	out         outbox
	unstored    outbox // the commit under way, or the one that failed last
	retryWait   time.Duration
	lastFlush   time.Time
	announce    []gossip.Message
	receiptsOut []oplog.Receipt
	receiptsTo  map[wire.Device][]oplog.Receipt
	offerAt     time.Time // when peers are to be offered the document; zero: not
	review      bool      // gossip should look at its peers anew
	askAnew     bool      // peers should be asked for entries refused before
	reoffer     bool      // sync should offer the document again
	changed     bool      // watchers should look again

	ledger     *ledger
	outlook    *outlook
	unproven   map[wire.ChainID]bool // own chains whose drafts were found at start; true once a peer told of them
	people     *people
	talk       talk
	count      counting
	aside      asideNotes
	topic      *gossip.Topic
	rate       rateMeter
	info       localInfo
	infoStored time.Time
	ignored    int             // kinds of access ops that were told as unread
	damage     int             // stored records that cannot be used
	stored     []oplog.Receipt // only while loading
	storedView []store.Record  // only while loading
	storedOps  []*access.Op    // only while loading
	loading    bool
	closed     bool
	adopted    bool // another device of this user has it; what it holds is on its way
}

// sealerKey names the derived keys of one chain in one epoch.
type sealerKey struct {
	epoch wire.EpochID
	chain wire.ChainID
}

// newDocument makes the empty shell of a document.
func newDocument(n *Node, id wire.DocID) *Document {
	d := &Document{
		node:      n,
		id:        id,
		log:       n.cfg.Logger.With("doc", id.Short().String()),
		kick:      make(chan struct{}, 1),
		done:      make(chan struct{}),
		access:    access.NewLog(id),
		keys:      map[wire.EpochID]seal.EpochKey{},
		epochs:    newEpochs(),
		wraps:     map[string]*access.Wrap{},
		links:     map[wire.OpID]*linkRecord{},
		requests:  map[wire.Device]*keptRequest{},
		slots:     map[slotWraps][]*access.Wrap{},
		seals:     map[wire.SealHash]seal.SealKey{},
		wrapping:  newWrapping(),
		chains:    oplog.NewChainsBy(id, n.clientOf),
		sealers:   map[sealerKey]*seal.Sealer{},
		sessions:  map[string]*Session{},
		own:       map[wire.ChainID]*slot{},
		renamed:   map[crdt.ClientID]crdt.ClientID{},
		unsettled: map[entryRef]wire.EntryID{},
		ledger:    newLedger(),
		outlook:   newOutlook(),
		people:    newPeople(),
	}
	d.space = sync.NewCond(&d.mu)
	d.resetContent()
	return d
}

// resetContent empties the merged body; the chains are to be merged anew.
func (d *Document) resetContent() {
	d.causes = newCausality()
	d.queue = newApplyQueue()
	d.talk.reset()
	now := d.node.cfg.Now()
	d.merged = merged{doc: newBody(), parts: d.merged.parts, used: now, since: now, times: d.merged.times + 1}
	d.unfollow = nil
	d.followBody()
}

// followBody has the engine encode what changes while a session wants to
// know: without one, loading and idle documents would pay for it in vain.
func (d *Document) followBody() {
	switch {
	case d.merged.doc == nil: // nothing changes until it is unpacked
	case len(d.sessions) > 0 && d.unfollow == nil:
		d.unfollow = d.merged.doc.OnUpdate(d.onBodyUpdate)
	case len(d.sessions) == 0 && d.unfollow != nil:
		d.unfollow()
		d.unfollow = nil
	}
}

// ID returns the document's id.
func (d *Document) ID() wire.DocID { return d.id }

// State says whether the document can be used.
func (d *Document) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stateLocked()
}

func (d *Document) stateLocked() State {
	_, _, member := d.access.Authority(d.node.device)
	switch {
	case member && len(d.keys) > 0:
		return StateReady
	case d.join != nil || d.adopted && !member && len(d.access.Heads()) == 0:
		return StateJoining
	case d.access.Ended(d.node.device) && len(d.keys) > 0:
		return StateRemoved
	default:
		return StateDamaged
	}
}

// Title returns the document's title as its content has it.
func (d *Document) Title() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.titleLocked()
}

func (d *Document) titleLocked() string {
	if d.merged.doc == nil {
		return d.merged.title
	}
	v, _ := d.merged.doc.Map("meta").Get("title")
	return v.Str()
}

// Text returns the content of the plain-text root `text`.
func (d *Document) Text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown().Text("text").String()
}

// JSON returns every root of the document as JSON: the editor's tree under
// `default`, `meta`, and `text`.
func (d *Document) JSON() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.jsonLocked()
}

func (d *Document) jsonLocked() ([]byte, error) {
	doc := d.shown()
	return json.Marshal(struct {
		Default string     `json:"default"`
		Meta    crdt.Value `json:"meta"`
		Text    string     `json:"text"`
	}{doc.XMLFragment("default").String(), doc.Map("meta").JSON(), doc.Text("text").String()})
}

// StateHash digests what a reader sees and what the document has merged: the
// content of its roots and the state vector. Two nodes that hold the same
// entries have the same hash.
func (d *Document) StateHash() ([32]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	content, err := d.jsonLocked()
	if err != nil {
		return [32]byte{}, err
	}
	h := sha256.New()
	h.Write(d.stateVector().Encode())
	h.Write(content)
	return [32]byte(h.Sum(nil)), nil
}

// wake tells run that there is something to make durable.
func (d *Document) wake() {
	select {
	case d.kick <- struct{}{}:
	default:
	}
}

// onBodyUpdate hands what a transaction changed to the sessions that do not
// know it yet. The engine calls it while mu is held.
func (d *Document) onBodyUpdate(e crdt.UpdateEvent) {
	from, _ := e.Origin.(*Session)
	for _, s := range d.sessions {
		if s != from {
			s.push(Event{Kind: EventUpdate, Data: e.Update})
		}
	}
	if from != nil {
		from.captured = append(from.captured, e.Update)
	}
}

// role is what this device may do here, and under which authority.
func (d *Document) roleLocked() (wire.Auth, access.Role, bool) {
	return d.access.Authority(d.node.device)
}

// close ends the document: sessions are told, run is waited for.
func (d *Document) close(ctx context.Context) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	for _, s := range d.sessions {
		s.push(Event{Kind: EventReset, Reason: "this node is shutting down"})
	}
	d.space.Broadcast()
	d.mu.Unlock()
	d.wake()
	select {
	case <-d.done:
	case <-ctx.Done():
	}
}
