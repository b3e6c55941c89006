package node

import (
	"slices"
	"sort"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Holder says how much of something another device holds durably.
type Holder struct {
	Device   wire.Device
	Name     string
	Complete bool   // everything this device wrote in the document
	Through  uint64 // updates of one session; in events only
}

// mark relates a session's count of updates to its chain: once a device holds
// that many entries of the chain, it holds that many updates.
type mark struct{ number, entries uint64 }

// maxMarks bounds what one session remembers; older ones are forgotten, which
// can only understate what others hold.
const maxMarks = 4096

// through is how many of the session's updates a holder of n entries has.
func (s *Session) through(n uint64) uint64 {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].entries > n })
	if i == 0 {
		return 0
	}
	return s.marks[i-1].number
}

func (s *Session) pruneMarks() {
	if len(s.marks) > maxMarks {
		s.marks = append(s.marks[:0:0], s.marks[maxMarks/2:]...)
	}
}

// ledger records where entries are durable, from receipts that the holders
// signed: this device's own, which its pages are told of at once, and all
// others'.
type ledger struct {
	own     map[wire.ChainID]uint64                 // entries of own chains durable here
	held    map[wire.Device]map[wire.ChainID]uint64 // entries durable on other devices
	signed  map[wire.Device]time.Time               // when each last said so, by its clock
	later   map[store.Key]oplog.Receipt             // receipts to be stored and passed on
	early   map[store.Key]oplog.Receipt             // for entries that have not arrived
	passed  time.Time                               // when that was done last
	mine    map[wire.ChainID]oplog.Receipt          // receipts this device signed last
	wroteAt time.Time                               // last own entry
	asked   time.Time                               // last time sync was asked to offer again
}

func newLedger() *ledger {
	return &ledger{
		own: map[wire.ChainID]uint64{}, held: map[wire.Device]map[wire.ChainID]uint64{},
		signed: map[wire.Device]time.Time{}, later: map[store.Key]oplog.Receipt{}, early: map[store.Key]oplog.Receipt{}, mine: map[wire.ChainID]oplog.Receipt{},
	}
}

// wrote records that n entries of an own chain are durable here.
func (l *ledger) wrote(chain wire.ChainID, n uint64, now time.Time) {
	l.own[chain] = max(l.own[chain], n)
	l.wroteAt = now
}

// receipt records what another device holds. It says whether it was news.
func (l *ledger) receipt(r *oplog.Receipt) bool {
	chains := l.held[r.Device]
	if chains == nil {
		chains = map[wire.ChainID]uint64{}
		l.held[r.Device] = chains
	}
	if chains[r.Chain] > r.Seq {
		return false
	}
	chains[r.Chain] = r.Seq + 1
	if r.TS.After(l.signed[r.Device]) {
		l.signed[r.Device] = r.TS
	}
	return true
}

// holdsOwn says whether a device holds any of this device's entries.
func (l *ledger) holdsOwn(d wire.Device) bool {
	for chain := range l.held[d] {
		if _, ours := l.own[chain]; ours {
			return true
		}
	}
	return false
}

// complete says whether a device holds all of this device's entries.
func (l *ledger) complete(d wire.Device) bool {
	held := l.held[d]
	for chain, n := range l.own {
		if held[chain] < n {
			return false
		}
	}
	return true
}

// holders lists the devices that hold any of this device's entries.
func (l *ledger) holders() []wire.Device {
	list := make([]wire.Device, 0, len(l.held))
	for d := range l.held {
		if l.holdsOwn(d) {
			list = append(list, d)
		}
	}
	sort.Slice(list, func(i, j int) bool { return string(list[i][:]) < string(list[j][:]) })
	return list
}

// overdue says whether an own entry has waited too long for a first receipt
// while someone is connected, so that sync should offer it again.
func (l *ledger) overdue(now time.Time, connected bool) bool {
	if !connected || l.wroteAt.IsZero() || now.Sub(l.wroteAt) < reofferInterval || now.Sub(l.asked) < reofferInterval {
		return false
	}
	for d := range l.held {
		if l.complete(d) {
			return false
		}
	}
	l.asked = now
	return len(l.own) > 0
}

// ack tells a session that its updates up to number are durable here.
func (d *Document) ack(s *Session, number uint64) {
	if s == nil || number <= s.acked {
		return
	}
	s.acked = number
	s.push(Event{Kind: EventAck, Through: number})
	d.pushDurable(s)
}

// settle counts updates that changed nothing as durable wherever the chain is.
func (d *Document) settle(s *Session, number uint64) {
	s.marks = append(s.marks, mark{number: number, entries: s.slot.next})
	s.pruneMarks()
	d.ack(s, number)
}

// pushDurable tells a session where its updates are.
func (d *Document) pushDurable(s *Session) {
	e := Event{Kind: EventDurable, Through: s.acked, Peers: d.listeners()}
	for _, dev := range d.holdersLocked() {
		e.Others = append(e.Others, Holder{
			Device:   dev,
			Name:     d.node.nameOf(dev),
			Complete: d.ledger.complete(dev) && len(d.pending.groups)+len(d.sealing) == 0,
			Through:  s.through(d.ledger.held[dev][s.slot.chain]),
		})
	}
	s.push(e)
}

// holdersLocked lists the members that hold edits of this device. Recovery words
// are a member that keeps nothing once it has been used, and who has left or was
// removed gives nothing back. Called with mu held.
func (d *Document) holdersLocked() []wire.Device {
	return slices.DeleteFunc(d.ledger.holders(), func(dev wire.Device) bool {
		return !slices.ContainsFunc(d.rosterNow().members, func(m access.Member) bool {
			return m.Device == dev && m.Kind != access.DevicePaper
		})
	})
}

// Holders lists the other devices that hold edits of this device durably.
func (d *Document) Holders() []Holder {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Holder
	for _, dev := range d.holdersLocked() {
		list = append(list, Holder{Device: dev, Name: d.node.nameOf(dev), Complete: d.ledger.complete(dev) && len(d.pending.groups)+len(d.sealing) == 0})
	}
	return list
}

// receipts takes signed receipts of another device.
func (d *Document) receipts(rs []oplog.Receipt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	news := false
	for _, r := range rs {
		if _, _, member := d.access.Authority(r.Device); !member || r.Device == d.node.device {
			continue // anyone can sign; only members are believed
		}
		news = d.takeReceipt(r) || news
	}
	if !news {
		return
	}
	for _, s := range d.sessions {
		d.pushDurable(s)
	}
	d.changed = true
	d.wake()
}

// takeReceipt notes a member's receipt, and says whether it is news of this
// device's own entries. One for an entry that has not arrived waits for it.
func (d *Document) takeReceipt(r oplog.Receipt) bool {
	key := store.ReceiptKey(d.id, r.Chain, r.Device)
	id, held := d.chains.ID(r.Chain, r.Seq)
	if !held {
		d.noteHead(r.Chain, r.Seq, [8]byte(r.Entry[:8]))
		if old, ok := d.ledger.early[key]; ok && old.Seq < r.Seq || !ok && len(d.ledger.early) < maxEarlyReceipts {
			d.ledger.early[key] = r
		}
		return false
	}
	if id != r.Entry || !d.ledger.receipt(&r) {
		return false // of another branch, or known
	}
	d.ledger.later[key] = r
	_, ours := d.ledger.own[r.Chain]
	if ours {
		d.out.put(key, r.Encode())
	}
	return ours
}

// maxEarlyReceipts bounds the receipts that wait for their entries.
const maxEarlyReceipts = 4096

// Others' receipts are passed on now and then, and those for others' entries
// stored: only the info panel shows them, and the last few seconds may be lost.
const (
	receiptInterval = 5 * time.Second
	maxPassedOn     = 256 // receipts in one interval
	maxPassingOnTo  = 16  // peers; with more, those who hold something are among them
)

// passReceipts leaves the receipts gathered for the next commit, and has them
// passed on to those who may not be connected with their devices. Called with mu
// held.
func (d *Document) passReceipts(now time.Time) {
	for key, r := range d.ledger.early {
		if head, _, ok := d.chains.Head(r.Chain); ok && head >= r.Seq {
			delete(d.ledger.early, key)
			d.takeReceipt(r)
		}
	}
	if len(d.ledger.later) == 0 || now.Sub(d.ledger.passed) < receiptInterval {
		return
	}
	d.ledger.passed = now
	few := d.listeners() <= maxPassingOnTo
	for key, r := range d.ledger.later {
		d.out.put(key, r.Encode())
		if few && len(d.receiptsOut) < maxPassedOn {
			d.receiptsOut = append(d.receiptsOut, r)
		}
	}
	clear(d.ledger.later)
	d.wake()
}

// sendKnownReceipts tells a device what third ones have signed for: it may not
// be connected with them.
func (d *Document) sendKnownReceipts(dev wire.Device) {
	var list []oplog.Receipt
	for r, err := range d.node.cfg.Store.Scan(d.node.ctx, d.id, store.KindReceipt, "") {
		if err != nil || len(list) >= maxPassedOn {
			break
		}
		rc, err := oplog.LoadReceipt(r.Value)
		if err == nil && rc.Device != dev {
			list = append(list, rc)
		}
	}
	if len(list) > 0 && d.node.sync != nil {
		d.node.sync.SendReceiptsTo(dev, d.id, list)
	}
}
