package crdt

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// trace is a recorded sequential history: positions in code points.
type trace struct {
	StartContent string `json:"startContent"`
	EndContent   string `json:"endContent"`
	Txns         []struct {
		Patches []patch `json:"patches"`
	} `json:"txns"`
}

type patch struct {
	pos, del int
	ins      string
}

func (p *patch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.pos, &p.del, &p.ins})
}

// loadTrace reads a recorded history, or skips the test where it is absent.
func loadTrace(t testing.TB, name string) *trace {
	t.Helper()
	f, err := os.Open("../../shared/traces/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("recorded history %s is not here", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var tr trace
	if err := json.NewDecoder(z).Decode(&tr); err != nil {
		t.Fatal(err)
	}
	return &tr
}

// replay types a history that stays within the basic plane, so that code
// points are UTF-16 units.
func (tr *trace) replay(t testing.TB, d *Doc) {
	text := d.Text("text")
	for _, txn := range tr.Txns {
		for _, p := range txn.Patches {
			d.Transact(nil, func(tx *Txn) {
				if p.del > 0 {
					if err := text.Delete(tx, p.pos, p.del); err != nil {
						t.Fatal(err)
					}
				}
				if p.ins != "" {
					if err := text.Insert(tx, p.pos, p.ins); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func TestReplayPaper(t *testing.T) {
	tr := loadTrace(t, "automerge-paper.json.gz")
	d, remote := NewDoc(Config{ClientID: 0xdeadbeef}), NewDoc(Config{})
	updates := sha256.New()
	d.OnUpdate(func(u UpdateEvent) {
		updates.Write(u.Update)
		if err := remote.ApplyUpdate(u.Update, nil); err != nil {
			t.Fatal(err)
		}
	})
	tr.replay(t, d)
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
	tr := loadTrace(b, "automerge-paper.json.gz")
	b.ReportAllocs()
	for b.Loop() {
		d := NewDoc(Config{ClientID: 1})
		d.OnUpdate(func(UpdateEvent) {})
		tr.replay(b, d)
	}
}

func BenchmarkReplayPaperRemote(b *testing.B) {
	tr := loadTrace(b, "automerge-paper.json.gz")
	d := NewDoc(Config{ClientID: 1})
	var updates [][]byte
	d.OnUpdate(func(u UpdateEvent) { updates = append(updates, u.Update) })
	tr.replay(b, d)
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
	tr := loadTrace(b, "automerge-paper.json.gz")
	d := NewDoc(Config{ClientID: 1})
	tr.replay(b, d)
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
	tr := loadTrace(b, "automerge-paper.json.gz")
	d := NewDoc(Config{ClientID: 1})
	var updates [][]byte
	d.OnUpdate(func(u UpdateEvent) { updates = append(updates, u.Update) })
	tr.replay(b, d)
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
	for _, name := range []string{"S3.yjs", "A1.yjs"} {
		b.Run(name, func(b *testing.B) {
			state, err := os.ReadFile("../../shared/traces/" + name)
			if errors.Is(err, fs.ErrNotExist) {
				b.Skipf("recorded history %s is not here", name)
			}
			if err != nil {
				b.Fatal(err)
			}
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
