package node

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
)

// insertAt has a document's device put text at a place of the plain-text root.
func insertAt(t *testing.T, d *Document, at int, s string) {
	t.Helper()
	err := d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, at, s) })
	if err != nil {
		t.Fatal(err)
	}
}

// insertInParagraph puts text at a place of the first paragraph.
func insertInParagraph(t *testing.T, d *Document, at int, s string) {
	t.Helper()
	err := d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error {
		p, _ := doc.XMLFragment("default").Get(0)
		if p.Shared() == nil {
			return errors.New("there is no paragraph")
		}
		words, _ := p.Shared().(*crdt.XMLElement).Get(0)
		return words.Shared().(*crdt.XMLText).Insert(tx, at, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// paragraph appends a paragraph with text to what the hand has written and signs
// the entry of it.
func (h *hand) paragraph(text string) *oplog.Entry {
	h.t.Helper()
	var update []byte
	stop := h.doc.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	defer stop()
	var errs [3]error
	h.doc.Transact(nil, func(tx *crdt.Txn) {
		p, words, root := crdt.NewXMLElement("paragraph"), crdt.NewXMLText(), h.doc.XMLFragment("default")
		errs = [3]error{root.Insert(tx, root.Len(), p), p.Insert(tx, 0, words), words.Insert(tx, 0, text)}
	})
	if err := errors.Join(errs[:]...); err != nil {
		h.t.Fatal(err)
	}
	return h.sign(seal.Payload{Body: update})
}

// handOver gives a document all that others hold.
func handOver(t *testing.T, to *Document, from ...*Document) {
	t.Helper()
	for _, d := range from {
		_, raws := Held(d)
		var entries []*oplog.Entry
		for _, raw := range raws {
			e, err := oplog.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
		deliverTo(t, to, entries...)
	}
}

// waiting is how many groups of own edits are in no entry.
func (d *Document) waitingGroups() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pending.groups)
}

// engineWaits says whether something waits in the merge engine.
func (d *Document) engineWaits() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body().HasPending()
}

// barredText is a hostile chain that two honest editors wrote into before the
// owner endorsed another with its client id.
type barredText struct {
	*collision
	owner, first, second *Document
	verdict              []*oplog.Entry // what bars the hostile chain
}

func newBarredText(t *testing.T) *barredText {
	t.Helper()
	b := &barredText{collision: newCollision(t, 0, 1, access.Editor, access.Editor, access.Editor, access.Editor, access.Viewer)}
	b.owner = b.open()
	b.first, b.second = b.member(b.members[2], b.owner), b.member(b.members[3], b.owner)
	honest, hostile := newHand(t, b.owner, b.honest, honestInc), newHand(t, b.owner, b.hostile, hostileInc)
	h := honest.write("honest ")
	b.verdict = []*oplog.Entry{h, newHand(t, b.owner, b.key, 3).sign(seal.Payload{Deps: []seal.Dep{depOn(h)}})}
	x := []*oplog.Entry{hostile.write("HOSTILE"), hostile.paragraph("GROUND"), hostile.write("NEVER NAMED")}
	deliverTo(t, b.first, x...)
	deliverTo(t, b.second, x...)
	return b
}

// check has everybody given everything, and checks that all show the words once
// and none of the hostile ones, and that nothing waits.
func (b *barredText) check(words ...string) {
	t := b.t
	t.Helper()
	for range 4 {
		time.Sleep(2 * rebuildInterval)
		handOver(t, b.first, b.second, b.owner)
		handOver(t, b.second, b.first, b.owner)
		handOver(t, b.owner, b.first, b.second)
	}
	time.Sleep(2 * rebuildInterval)
	newcomer := b.member(b.members[4], b.owner)
	handOver(t, newcomer, b.first)
	time.Sleep(rebuildInterval)
	want, err := b.owner.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*Document{"owner": b.owner, "first": b.first, "second": b.second, "newcomer": newcomer} {
		text := d.Text() + "\n" + d.PlainText()
		for _, word := range append(words, "honest ") {
			if n := strings.Count(text, word); n != 1 {
				t.Errorf("%s shows %q %d times: %q", name, word, n, text)
			}
		}
		for _, word := range []string{"HOSTILE", "GROUND", "NEVER"} {
			if strings.Contains(text, word) {
				t.Errorf("%s shows the hostile %q: %q", name, word, text)
			}
		}
		if h, err := d.StateHash(); err != nil || h != want {
			t.Errorf("%s shows %q, the owner %q: %v", name, text, b.owner.Text(), err)
		}
		if n := d.waitingGroups(); n != 0 {
			t.Errorf("%d groups of edits wait at the %s", n, name)
		}
		if d.engineWaits() {
			t.Errorf("something waits in the merge engine of the %s", name)
		}
	}
}

// TestWhatWasTypedInsideABarredChainIsWrittenAgain: two editors write into a
// chain, and one of them into the other's words, some of it in entries and some
// in drafts, when the chain is barred. All of their words stay, in the paragraph
// where they stood, and nothing of the chain.
func TestWhatWasTypedInsideABarredChainIsWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBarredText(t)
		insertAt(t, b.first, 3, "[one two]")
		insertInParagraph(t, b.first, 2, "<in a paragraph>")
		SealNow(b.first)
		handOver(t, b.second, b.first)
		insertAt(t, b.second, 7, "(of the second)") // between "one" and " two"
		SealNow(b.second)
		insertAt(t, b.second, 1, "(draft)")
		insertInParagraph(t, b.second, 1, "<draft too>")
		deliverTo(t, b.first, b.verdict...)
		deliverTo(t, b.second, b.verdict...)
		time.Sleep(2 * rebuildInterval)
		insertAt(t, b.first, 0, "{later}")
		b.check("[one", " two]", "<in a paragraph>", "(of the second)", "(draft)", "<draft too>", "{later}")
	})
}
