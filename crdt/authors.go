package crdt

import "iter"

// Authored is a run of units that one client wrote one after another.
type Authored struct {
	Index, Length int // as in Text.Insert or Array.Get
	// ID names the first unit; that of the n-th is n clocks further. A client
	// that wrote on in the middle of its own text has several runs there.
	ID ID
}

// Authors yields who wrote the length units from index on, run by run. What of
// them lies outside the text is left out. Format marks have no units, so who
// formatted is not told. Finding the first run takes logarithmic time, each
// further one a step. The text must not be edited meanwhile.
func (t *Text) Authors(index, length int) iter.Seq[Authored] { return t.authors(index, length) }

// Authors yields who inserted the length elements from index on, as
// Text.Authors does.
func (a *Array) Authors(index, length int) iter.Seq[Authored] { return a.authors(index, length) }

// Authors yields who inserted the length children from index on, as
// Text.Authors does. What is inside the children has authors of its own.
func (x *XMLFragment) Authors(index, length int) iter.Seq[Authored] { return x.authors(index, length) }

// Author returns who set the value of a key, and false if it has none.
func (m *Map) Author(key string) (ID, bool) { return m.entryAuthor(key) }

// AttributeAuthor returns who set an attribute, and false if it is not set.
func (x *XMLElement) AttributeAuthor(key string) (ID, bool) { return x.entryAuthor(key) }

// AttributeAuthor returns who set an attribute of the text as a whole, and
// false if it is not set.
func (t *Text) AttributeAuthor(key string) (ID, bool) { return t.entryAuthor(key) }

// Not inlined: a page is smaller for it.
//
//go:noinline
func (n *node) authors(index, length int) iter.Seq[Authored] {
	return func(yield func(Authored) bool) {
		from, to := n.within(index, length)
		if from < to {
			n.doc.eachAuthor(n.shared().children, int64(from), int64(to), yield)
		}
	}
}

// eachAuthor yields the runs of the units from one index of a list to another,
// which it has.
func (d *Doc) eachAuthor(list int32, from, to int64, yield func(Authored) bool) {
	var run Authored
	h, start := d.findUnit(&d.lists[list], from)
	for start < to {
		it := d.item(h)
		skip := max(from-start, 0)
		n := int(min(int64(it.len()), to-start) - skip)
		id := ID{d.clients[it.client].id, it.clock + uint64(skip)}
		switch {
		case run.Length == 0:
			run = Authored{Index: int(from), Length: n, ID: id}
		case id == (ID{run.ID.Client, run.ID.Clock + uint64(run.Length)}):
			run.Length += n
		default:
			if !yield(run) {
				return
			}
			run = Authored{Index: run.Index + run.Length, Length: n, ID: id}
		}
		start += int64(it.len())
		h = d.seekRight(it.right, wantUnits)
	}
	yield(run)
}

func (n *node) entryAuthor(key string) (ID, bool) {
	h := n.entry(key)
	if h == 0 || n.doc.item(h).deleted() {
		return ID{}, false
	}
	it := n.doc.item(h)
	return ID{n.doc.clients[it.client].id, it.end() - 1}, true
}
