package crdt_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// longUpdate takes many steps: a paste, and single characters of many clients
// of which every third is deleted again.
func longUpdate(t *testing.T) []byte {
	t.Helper()
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := doc.Text("text")
	for i := range 20_000 {
		doc.SetClientID(crdt.ClientID(1 + i%7))
		doc.Transact(nil, func(tx *crdt.Txn) {
			err := text.Insert(tx, i%50*text.Len()/50, "abc")
			if i%3 == 0 {
				err = errors.Join(err, text.Delete(tx, 0, 1))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	doc.Transact(nil, func(tx *crdt.Txn) {
		if err := text.Insert(tx, 0, strings.Repeat("paste 😀 ", 1<<15)); err != nil {
			t.Fatal(err)
		}
	})
	return doc.EncodeStateAsUpdate(nil)
}

// afterChecks is a context that is done once it was asked n times.
type afterChecks struct {
	context.Context
	n int
}

func (c *afterChecks) Err() error {
	if c.n == 0 {
		return context.Canceled
	}
	c.n--
	return nil
}

func TestApplyUpdateContext(t *testing.T) {
	update := longUpdate(t)
	want := crdt.NewDoc(crdt.Config{})
	if err := want.ApplyUpdate(update, nil); err != nil {
		t.Fatal(err)
	}
	doc, steps := crdt.NewDoc(crdt.Config{}), 0
	doc.OnUpdate(func(e crdt.UpdateEvent) {
		steps++
		if e.Origin != "here" {
			t.Errorf("origin %v", e.Origin)
		}
	})
	if err := doc.ApplyUpdateContext(&afterChecks{t.Context(), 5}, update, "here"); !errors.Is(err, context.Canceled) {
		t.Fatalf("after 5 looks at the context: %v", err)
	}
	if !doc.HasPending() {
		t.Error("nothing waits for the steps that were left out")
	}
	if err := doc.ApplyUpdateContext(t.Context(), update, "here"); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(doc.EncodeStateAsUpdate(nil), want.EncodeStateAsUpdate(nil)) {
		t.Error("applied in steps, the document is another")
	}
	if steps < 2 {
		t.Errorf("%d transactions", steps)
	}
}

func TestApplyUpdateContextRefuses(t *testing.T) {
	update := longUpdate(t)
	for name, c := range map[string]struct {
		ctx    context.Context
		update []byte
		err    error
	}{
		"done":      {&afterChecks{t.Context(), 0}, update, context.Canceled},
		"malformed": {t.Context(), update[:len(update)-1], crdt.ErrMalformed},
	} {
		doc := crdt.NewDoc(crdt.Config{})
		if err := doc.ApplyUpdateContext(c.ctx, c.update, nil); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(doc.StateVector()); n != 0 {
			t.Errorf("%s: the document has edits of %d clients", name, n)
		}
	}
}
