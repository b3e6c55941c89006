package oplog

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Ref names one entry of a document.
type Ref struct {
	Chain wire.ChainID
	Position
}

// Chains is the index of one document's chains: the ids of all entries held,
// their branches and anchors. It takes 32 bytes an entry. Make one with
// [NewChains]. It is not safe for concurrent use.
type Chains struct {
	doc    wire.Doc16
	chains map[wire.ChainID]*chain
	sorted []wire.ChainID // keys of chains, ascending
	doubt  map[wire.ChainID]bool
	rules  Rules // nil: nothing bounds a chain

	clientOf   ClientFunc
	clients    map[uint64][]wire.ChainID // chains by the client id they write under
	collisions int                       // client ids of more than one chain

	// Entries taken though they were past their chain's limit.
	asideEntries int
	asideBytes   int
}

// NewChains returns the empty index of a document.
func NewChains(doc wire.DocID) *Chains { return NewChainsBy(doc, BodyClient) }

// NewChainsBy is NewChains with another way to derive client ids: in a test, one
// that gives two chains the same.
func NewChainsBy(doc wire.DocID, client ClientFunc) *Chains {
	return &Chains{
		doc: doc.Short(), chains: map[wire.ChainID]*chain{}, doubt: map[wire.ChainID]bool{},
		clientOf: client, clients: map[uint64][]wire.ChainID{},
	}
}

// ChangeKind says what an entry did to its chain.
type ChangeKind uint8

// The changes.
const (
	Unchanged ChangeKind = iota // nothing: the entry was held, or has no place
	Extended                    // one entry more counts
	Kept                        // an entry was added that does not count: another branch is chosen, or it is past the limit
	Switched                    // another branch is the chosen one now
)

// Change is what Append did.
type Change struct {
	Chain wire.ChainID
	Kind  ChangeKind
	// From, when Switched, is the first number at which the chosen branch
	// differs from the one chosen before: entries applied from there on count
	// no longer, and those of the new branch do.
	From uint64
	// Was, when Switched, is the last entry that counted before.
	Was Position
	// Dropped lists entries that are not kept any more, because a better
	// branch of their fork took their place. The store may delete them.
	Dropped []Position
}

// Append adds an entry that Check or CheckRun said to keep, or that Sign made.
// Its place is found by its hash link; an entry without one is not added.
// Nothing else may be appended between the check and Append, and the bytes
// stored must be those of this entry: a signature the index counts on would be
// missing otherwise.
func (c *Chains) Append(e *Entry) Change {
	change, _ := c.add(e)
	if change.Kind == Kept || change.Kind == Switched {
		delete(c.doubt, e.chain)
	}
	return change
}

// Load adds an entry from the own store, where nothing is put before it was
// verified. It checks the links, the ciphertext and the document, not the
// signature. Entries of a chain must come in ascending order of seq. The error
// is one of the Verdict reasons.
func (c *Chains) Load(e *Entry) error {
	if e.Doc != c.doc {
		return fmt.Errorf("load entry: %w", ErrWrongDocument)
	}
	if !e.verifyCiphertext() {
		return fmt.Errorf("load entry: %w", ErrCiphertext)
	}
	if _, err := c.add(e); err != nil && !errors.Is(err, ErrDuplicate) && !errors.Is(err, ErrForkFull) {
		return fmt.Errorf("load entry: %w", err)
	}
	return nil
}

// Trim forgets the entries that no anchor follows, and returns them. The index
// holds none while all goes well; a store that lost records may leave some.
// Call it after loading: what no signature vouches for cannot be passed on.
func (c *Chains) Trim() []Ref {
	var gone []Ref
	for _, id := range slices.Clone(c.sorted) {
		ch := c.chains[id]
		var kept []*branch
		for _, b := range ch.branches {
			n := b.len()
			for n > 0 && !b.anchors.has(n-1) {
				n--
				gone = append(gone, Ref{id, Position{n, b.ids[n]}})
			}
			b.ids = b.ids[:n]
			kept = appendDistinct(kept, b)
		}
		if ch.branches = kept; len(kept) > 0 {
			ch.choose()
		} else {
			c.leaveClient(id, ch)
			delete(c.chains, id)
			i, _ := slices.BinarySearchFunc(c.sorted, id, compareChains)
			c.sorted = slices.Delete(c.sorted, i, i+1)
		}
	}
	return gone
}

// appendDistinct adds a shortened branch unless it is empty or the beginning
// of another, and removes those that are the beginning of it.
func appendDistinct(branches []*branch, b *branch) []*branch {
	if b.len() == 0 {
		return branches
	}
	for _, other := range branches {
		if b.fork(other) == b.len() {
			return branches
		}
	}
	branches = slices.DeleteFunc(branches, func(o *branch) bool { return o.fork(b) == o.len() })
	i, _ := slices.BinarySearchFunc(branches, b, (*branch).compare)
	return slices.Insert(branches, i, b)
}

// add puts an entry into its chain.
func (c *Chains) add(e *Entry) (Change, error) {
	change := Change{Chain: e.chain}
	ch := c.chains[e.chain]
	if ch == nil {
		if e.Seq != 0 {
			return change, ErrGap
		}
		c.begin(e)
		change.Kind = Extended
		if c.chains[e.chain].counts() == 0 {
			change.Kind = Kept
			if c.chains[e.chain].limit == 0 {
				c.noteAside(e)
			}
		}
		return change, nil
	}
	if !ch.sameAs(&e.Header) {
		return change, ErrChainClash
	}
	at := Position{e.Seq, e.ID}
	chosen, counted := ch.chosen, ch.counts()
	switch p := ch.locate(&e.Header, e.ID); p.kind {
	case placeHeld:
		return change, ErrDuplicate
	case placeGap:
		return change, ErrGap
	case placeUnknown:
		return change, ErrPrev
	case placeExtend:
		p.branch.push(e.ID, e.signed)
	case placeFork:
		if ch.full(p.branch, at) {
			return change, ErrForkFull
		}
		if dropped := ch.insert(grow(p.branch, at, e.signed)); dropped != nil {
			change.Dropped = ch.only(dropped)
		}
	}
	ch.choose()
	switch now := ch.counts(); {
	case ch.chosen != chosen && ch.chosen.fork(chosen) < counted:
		change.Kind = Switched
		change.From, change.Was = ch.chosen.fork(chosen), chosen.last(counted)
	case now > counted:
		change.Kind = Extended
	default:
		change.Kind = Kept
		if e.Seq >= ch.limit {
			c.noteAside(e)
		}
	}
	return change, nil
}

// noteAside counts an entry taken past its chain's limit.
func (c *Chains) noteAside(e *Entry) {
	c.asideEntries++
	c.asideBytes += len(e.Raw)
}

// begin begins a chain with its entry 0.
func (c *Chains) begin(e *Entry) {
	b := &branch{}
	b.push(e.ID, e.signed)
	ch := &chain{doc: e.Doc, author: e.Author, auth: e.Auth, inc: e.Inc, branches: []*branch{b}}
	of := c.boundsOf(&e.Header)
	ch.limit, ch.stated, ch.disagree = of.Limit, of.Stated, NoLimit
	ch.choose()
	c.chains[e.chain] = ch
	c.joinClient(e.chain, ch)
	i, _ := slices.BinarySearchFunc(c.sorted, e.chain, compareChains)
	c.sorted = slices.Insert(c.sorted, i, e.chain)
}

// joinClient notes which client id a new chain writes under. If another one
// does, it waits for Decide.
func (c *Chains) joinClient(id wire.ChainID, ch *chain) {
	ch.client = c.clientOf(ch.doc, ch.author, ch.auth, ch.inc)
	same := append(c.clients[ch.client], id)
	c.clients[ch.client] = same
	if len(same) == 2 {
		c.collisions++
	}
	if len(same) > 1 {
		ch.barred, ch.disagree = true, 0
	}
}

func (c *Chains) leaveClient(id wire.ChainID, ch *chain) {
	same := slices.DeleteFunc(c.clients[ch.client], func(other wire.ChainID) bool { return other == id })
	switch c.clients[ch.client] = same; len(same) {
	case 0:
		delete(c.clients, ch.client)
	case 1:
		c.collisions--
		last := c.chains[same[0]]
		last.barred, last.disagree = false, NoLimit
	}
}

func compareChains(a, b wire.ChainID) int { return bytes.Compare(a[:], b[:]) }

// Len returns the number of chains.
func (c *Chains) Len() int { return len(c.sorted) }

// All goes through the ids of the chains, ascending.
func (c *Chains) All() iter.Seq[wire.ChainID] {
	return func(yield func(wire.ChainID) bool) {
		for _, id := range c.sorted {
			if !yield(id) {
				return
			}
		}
	}
}

// Author tells what a chain's id stands for.
func (c *Chains) Author(id wire.ChainID) (d wire.Device, auth wire.Auth, inc uint32, ok bool) {
	ch := c.chains[id]
	if ch == nil {
		return d, auth, 0, false
	}
	return ch.author, ch.auth, ch.inc, true
}

// Head returns the last entry of a chain's chosen branch, whether it counts or
// not.
func (c *Chains) Head(id wire.ChainID) (seq uint64, entry wire.EntryID, ok bool) {
	ch := c.chains[id]
	if ch == nil {
		return 0, entry, false
	}
	seq = ch.chosen.len() - 1
	return seq, ch.chosen.ids[seq], true
}

// ID returns the id of the entry with the given number on a chain's chosen
// branch, whether it counts or not.
func (c *Chains) ID(id wire.ChainID, seq uint64) (wire.EntryID, bool) {
	ch := c.chains[id]
	if ch == nil || seq >= ch.chosen.len() {
		return wire.EntryID{}, false
	}
	return ch.chosen.ids[seq], true
}

// Has says whether an entry is held, on whatever branch.
func (c *Chains) Has(id wire.ChainID, p Position) bool {
	ch := c.chains[id]
	return ch != nil && slices.ContainsFunc(ch.branches, func(b *branch) bool { return b.holds(p) })
}

// Chosen says whether an entry lies on its chain's chosen branch and within
// its limit, so that it counts.
func (c *Chains) Chosen(id wire.ChainID, p Position) bool {
	ch := c.chains[id]
	return ch != nil && p.Seq < ch.counts() && ch.chosen.holds(p)
}

// Fork is a chain whose author signed two entries for one number.
type Fork struct {
	Chain  wire.ChainID
	Author wire.Device
	Seq    uint64     // the first number with more than one entry
	Heads  []Position // last entry of each branch kept; the chosen branch first
}

// Forks lists the chains that fork, in ascending order of their ids.
func (c *Chains) Forks() []Fork {
	var forks []Fork
	for _, id := range c.sorted {
		ch := c.chains[id]
		if len(ch.branches) == 1 {
			continue
		}
		f := Fork{Chain: id, Author: ch.author, Seq: ch.chosen.len(), Heads: ch.heads()}
		for _, b := range ch.branches {
			f.Seq = min(f.Seq, b.fork(ch.chosen))
		}
		forks = append(forks, f)
	}
	return forks
}

// heads lists the last entry of each branch, the chosen one first.
func (c *chain) heads() []Position {
	heads := []Position{c.chosen.head()}
	for _, b := range c.branches {
		if b != c.chosen {
			heads = append(heads, b.head())
		}
	}
	return heads
}
