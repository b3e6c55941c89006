package crdt

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// replay types a history that stays within the basic plane, so that code
// points are UTF-16 units.
func replay(t testing.TB, d *Doc, tr *tracetest.Trace) {
	text := d.Text("text")
	for p := range tr.Patches() {
		d.Transact(nil, func(tx *Txn) {
			if p.Del > 0 {
				if err := text.Delete(tx, p.Pos, p.Del); err != nil {
					t.Fatal(err)
				}
			}
			if p.Insert != "" {
				if err := text.Insert(tx, p.Pos, p.Insert); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestReplayPaper(t *testing.T) {
	tr := tracetest.Load(t, tracetest.Paper)
	d, remote := NewDoc(Config{ClientID: 0xdeadbeef}), NewDoc(Config{})
	updates := sha256.New()
	d.OnUpdate(func(u UpdateEvent) {
		updates.Write(u.Update)
		if err := remote.ApplyUpdate(u.Update, nil); err != nil {
			t.Fatal(err)
		}
	})
	replay(t, d, tr)
	for _, doc := range []*Doc{d, remote} {
		if got := doc.Text("text").String(); got != tr.EndContent {
			t.Errorf("text differs: %d bytes, want %d", len(got), len(tr.EndContent))
		}
		doc.check(t)
	}
	state := d.EncodeStateAsUpdate(nil)
	if string(state) != string(remote.EncodeStateAsUpdate(nil)) {
		t.Error("states differ")
	}
	// Both hashes were made by Yjs 13.6.33 under the same client id.
	const wantState = "c3ad4579480a63235dcc4f1d7faf4a57dd7971d13afa3b8ace77134ffa74aad3"
	if got := sha256.Sum256(state); hex.EncodeToString(got[:]) != wantState {
		t.Errorf("state (%d bytes) is not what Yjs encodes", len(state))
	}
	const wantUpdates = "9d60c1d099288fd4e3c825fa507b94538d51d3fede0813edfbd9fdddef8d6596"
	if got := updates.Sum(nil); hex.EncodeToString(got) != wantUpdates {
		t.Error("updates are not what Yjs emits")
	}
}

func BenchmarkReplayPaper(b *testing.B) {
	tr := tracetest.Load(b, tracetest.Paper)
	b.ReportAllocs()
	for b.Loop() {
		d := NewDoc(Config{ClientID: 1})
		d.OnUpdate(func(UpdateEvent) {})
		replay(b, d, tr)
	}
}

func BenchmarkReplayPaperRemote(b *testing.B) {
	tr := tracetest.Load(b, tracetest.Paper)
	d := NewDoc(Config{ClientID: 1})
	var updates [][]byte
	d.OnUpdate(func(u UpdateEvent) { updates = append(updates, u.Update) })
	replay(b, d, tr)
	b.ReportAllocs()
	for b.Loop() {
		remote := NewDoc(Config{})
		for _, u := range updates {
			if err := remote.ApplyUpdate(u, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkLoadPaper(b *testing.B) {
	benchmarkLoad(b, (*Doc).EncodeStateAsUpdate, (*Doc).ApplyUpdate)
}

func BenchmarkLoadPaperV2(b *testing.B) {
	benchmarkLoad(b, (*Doc).EncodeStateAsUpdateV2, (*Doc).ApplyUpdateV2)
}

func benchmarkLoad(b *testing.B, encode func(*Doc, StateVector) []byte, apply func(*Doc, []byte, any) error) {
	tr := tracetest.Load(b, tracetest.Paper)
	d := NewDoc(Config{ClientID: 1})
	replay(b, d, tr)
	state := encode(d, nil)
	b.ReportAllocs()
	for b.Loop() {
		remote := NewDoc(Config{})
		if err := apply(remote, state, nil); err != nil {
			b.Fatal(err)
		}
		if len(remote.Text("text").String()) == 0 {
			b.Fatal("no text")
		}
	}
}

func BenchmarkMergePaper(b *testing.B) {
	tr := tracetest.Load(b, tracetest.Paper)
	d := NewDoc(Config{ClientID: 1})
	var updates [][]byte
	d.OnUpdate(func(u UpdateEvent) { updates = append(updates, u.Update) })
	replay(b, d, tr)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := MergeUpdates(updates...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadRecorded loads large histories that Yjs wrote in format 2:
// deleted nearly as a whole, and of 192 authors.
func BenchmarkLoadRecorded(b *testing.B) {
	for _, name := range []string{tracetest.S3, tracetest.A1} {
		b.Run(name, func(b *testing.B) {
			state := tracetest.LoadUpdate(b, name)
			b.ReportAllocs()
			for b.Loop() {
				d := NewDoc(Config{})
				if err := d.ApplyUpdateV2(state, nil); err != nil {
					b.Fatal(err)
				}
				if len(d.Text("text").String()) == 0 || d.HasPending() {
					b.Fatal("not all of the text is there")
				}
			}
		})
	}
}
