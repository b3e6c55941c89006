package crdt

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// fuzzer edits documents at random, as the programs of the oracle do, but
// looks inside them.
type fuzzer struct {
	*rand.Rand
	t    *testing.T
	docs []*Doc
	log  [][][]byte // updates by document
	seen [][]int    // of each document's log, how much each other applied
}

func newFuzzer(t *testing.T, seed uint64, n int) *fuzzer {
	f := &fuzzer{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, log: make([][][]byte, n)}
	for i := range n {
		d := NewDoc(Config{ClientID: ClientID(100 + i*7919), DisableGC: seed%5 == 0 && i == 0})
		d.OnUpdate(func(u UpdateEvent) {
			if u.Local {
				f.log[i] = append(f.log[i], u.Update)
			}
		})
		d.Text("text")
		d.Array("array")
		d.XMLFragment("xml")
		f.docs = append(f.docs, d)
		f.seen = append(f.seen, make([]int, n))
	}
	return f
}

func (f *fuzzer) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fuzzer) step() {
	i := f.IntN(len(f.docs))
	if f.IntN(3) > 0 {
		f.docs[i].Transact(nil, func(tx *Txn) {
			for range 1 + f.IntN(3) {
				f.edit(f.docs[i], tx)
			}
		})
		return
	}
	f.deliver(i)
}

// deliver applies some updates of another document, or of the same, in order.
func (f *fuzzer) deliver(i int) {
	from := f.IntN(len(f.docs))
	for n := 1 + f.IntN(5); n > 0 && f.seen[from][i] < len(f.log[from]); n-- {
		u := f.log[from][f.seen[from][i]]
		f.seen[from][i]++
		if f.IntN(10) == 0 {
			f.seen[from][i] -= f.IntN(min(3, f.seen[from][i]) + 1) // again, later
		}
		f.must(f.docs[i].ApplyUpdate(u, "received"))
	}
}

// fuzzWords has no characters beyond the basic plane: an edit that cuts one in
// two and then changes nothing leaves U+FFFD on one replica only, in Yjs as
// here.
var fuzzWords = []string{"a", "bc", "day", "ünïcode", "漢字", "\n"}

func (f *fuzzer) edit(d *Doc, tx *Txn) {
	text := d.Text("text")
	if e, ok := f.element(d); ok && f.IntN(3) == 0 {
		text = e
	}
	n := text.Len()
	at := f.IntN(n + 1)
	length := min(f.IntN(6), n-at)
	bold := Attr{"bold", []Value{Bool(true), Null()}[f.IntN(2)]}
	switch f.IntN(12) {
	case 0, 1, 2, 3:
		f.must(text.Insert(tx, at, fuzzWords[f.IntN(len(fuzzWords))]))
	case 4, 5:
		f.must(text.Delete(tx, at, length))
	case 6:
		f.must(text.Format(tx, at, length, bold))
	case 7:
		f.must(text.InsertFormatted(tx, at, "f", []Attr{bold}))
	case 8:
		a := d.Array("array")
		f.must(a.Insert(tx, f.IntN(a.Len()+1), Number(f.Float64()), String("s")))
	case 9:
		a := d.Array("array")
		if a.Len() > 0 {
			f.must(a.Delete(tx, f.IntN(a.Len()), 1))
		}
	case 10:
		x := d.XMLFragment("xml")
		p := NewXMLElement("p")
		f.must(x.Insert(tx, f.IntN(x.Len()+1), p))
		f.must(p.SetAttribute(tx, "level", Number(float64(f.IntN(3)))))
		f.must(p.Insert(tx, 0, NewXMLText()))
	case 11:
		x := d.XMLFragment("xml")
		if x.Len() > 0 && f.IntN(3) == 0 {
			f.must(x.Delete(tx, f.IntN(x.Len()), 1))
		}
	}
}

// element returns the text in some element of the fragment.
func (f *fuzzer) element(d *Doc) (*Text, bool) {
	x := d.XMLFragment("xml")
	if x.Len() == 0 {
		return nil, false
	}
	v, err := x.Get(f.IntN(x.Len()))
	f.must(err)
	child, err := v.Shared().(*XMLElement).Get(0)
	f.must(err)
	return &child.Shared().(*XMLText).Text, true
}

func TestRandomEdits(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := newFuzzer(t, seed, 3)
			for i := range 1500 {
				f.step()
				if i%100 == 0 {
					for _, d := range f.docs {
						d.check(t)
					}
				}
			}
			for _, d := range f.docs {
				for _, o := range f.docs {
					f.must(d.ApplyUpdate(o.EncodeStateAsUpdate(d.StateVector()), nil))
				}
			}
			// Formatting clean-up deletes marks here and there, so once more.
			for _, d := range f.docs {
				for _, o := range f.docs {
					f.must(d.ApplyUpdate(o.EncodeStateAsUpdate(nil), nil))
				}
				d.check(t)
			}
			want, _ := f.docs[0].JSON().MarshalJSON()
			for _, d := range f.docs {
				if d.HasPending() {
					t.Error("something is pending")
				}
				if got, _ := d.JSON().MarshalJSON(); string(got) != string(want) {
					t.Errorf("replicas differ at %s", firstDifference(want, got))
				}
				again := NewDoc(Config{})
				again.Text("text")
				again.Array("array")
				again.XMLFragment("xml")
				f.must(again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil))
				again.check(t)
				if got, _ := again.JSON().MarshalJSON(); string(got) != string(want) {
					t.Errorf("reloaded replica differs at %s", firstDifference(want, got))
				}
			}
		})
	}
}

// firstDifference shows where two texts part.
func firstDifference(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("byte %d: %.40q and %.40q", i, a[max(0, i-10):], b[max(0, i-10):])
}
