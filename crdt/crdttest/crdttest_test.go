package crdttest

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

func newDocs(seed uint64) []*crdt.Doc {
	var docs []*crdt.Doc
	for i := range 2 + seed%3 {
		docs = append(docs, crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(1<<53 - 1 - i), DisableGC: (seed+i)%3 == 0}))
	}
	return docs
}

// run lets editors write at once over a bad network.
func run(seed uint64) (docs []*crdt.Doc, edits int, err error) {
	docs = newDocs(seed)
	net := NewNetwork(seed, docs...)
	defer net.Close()
	var editors []*Editor
	for i, d := range docs {
		editors = append(editors, NewEditor(seed+uint64(i), d))
	}
	for range 40 {
		for _, e := range editors {
			err = errors.Join(err, e.Edit())
		}
		err = errors.Join(err, net.Deliver(len(docs)))
	}
	for _, e := range editors {
		edits += e.Edits
	}
	return docs, edits, errors.Join(err, net.Settle())
}

func TestEditorsConverge(t *testing.T) {
	first, count := uint64(1), uint64(60)
	if text := os.Getenv("SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, count = seed, 1
	}
	total := 0
	for seed := first; seed < first+count; seed++ {
		docs, edits, err := run(seed)
		if err != nil {
			t.Fatalf("SEED=%d: %v", seed, err)
		}
		CheckConverged(t, docs...)
		if t.Failed() {
			t.Fatalf("SEED=%d", seed)
		}
		total += edits
	}
	t.Logf("%d edits", total)
}

func TestSeedDecides(t *testing.T) {
	a, _, err := run(7)
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := run(7)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if string(a[i].EncodeStateAsUpdate(nil)) != string(b[i].EncodeStateAsUpdate(nil)) {
			t.Errorf("document %d is not the same in two runs of one seed", i)
		}
	}
}

// fails is a testing.TB that notes what is reported.
type fails struct {
	testing.TB
	messages []string
}

func (f *fails) Helper() {}
func (f *fails) Errorf(format string, args ...any) {
	f.messages = append(f.messages, fmt.Sprintf(format, args...))
}

func TestCheckConvergedSeesDifferences(t *testing.T) {
	docs := newDocs(2)[:2]
	write := func(d *crdt.Doc, s string) {
		d.Transact(nil, func(tx *crdt.Txn) {
			if err := d.Text(TextRoot).Insert(tx, 0, s); err != nil {
				t.Error(err)
			}
		})
	}
	write(docs[0], "one")
	f := &fails{}
	CheckConverged(f, docs...)
	if len(f.messages) != 1 || !strings.Contains(f.messages[0], "state vector") {
		t.Errorf("reported %q", f.messages)
	}
	// An update that builds on a lost one leaves the receiver waiting.
	var last []byte
	cancel := docs[0].OnUpdate(func(e crdt.UpdateEvent) { last = e.Update })
	defer cancel()
	write(docs[0], "two")
	if err := docs[1].ApplyUpdate(last, nil); err != nil {
		t.Fatal(err)
	}
	f = &fails{}
	CheckConverged(f, docs...)
	if len(f.messages) != 2 || !strings.Contains(f.messages[0], "waits") {
		t.Errorf("reported %q", f.messages)
	}
}

func Example() {
	docs := []*crdt.Doc{crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})}
	net := NewNetwork(1, docs...)
	defer net.Close()
	for i, d := range docs {
		if err := NewEditor(uint64(i), d).Edit(); err != nil {
			fmt.Println(err)
		}
	}
	if err := net.Settle(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(docs[0].Text(TextRoot).String() == docs[1].Text(TextRoot).String())
	// Output: true
}
