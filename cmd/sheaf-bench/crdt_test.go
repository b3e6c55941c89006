package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// TestMain is the command itself where the command starts itself again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "crdt" || os.Args[1] == "scale-run") {
		main()
		return
	}
	testscript.Main(m, map[string]func(){"sheaf-bench": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

// A history with a character of two units, edited behind it.
const astralHistory = `{"startContent":"a😀b","endContent":"a😀cX","txns":[{"patches":[[2,1,"c"]]},{"patches":[[3,0,"X"]]}]}`

func TestCRDTCommand(t *testing.T) {
	dir := t.TempDir()
	update := func() []byte {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		if err := insert(doc, 0, "hello"); err != nil {
			t.Fatal(err)
		}
		return doc.EncodeStateAsUpdate(nil)
	}()
	updateV2, err := crdt.ConvertUpdateToV2(update)
	if err != nil {
		t.Fatal(err)
	}
	pack := func(content []byte) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(content)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	otherRoot := bytes.Replace(update, []byte("\x04text"), []byte("\x05quill"), 1)
	for name, content := range map[string]string{
		"good.json":       astralHistory,
		"wrong.json":      strings.Replace(astralHistory, "cX", "c", 1),
		"beyond.json":     strings.Replace(astralHistory, "[3,0", "[9,0", 1),
		"short.json":      astralHistory[:40],
		"nothing.json":    `{}`,
		"concurrent.json": `{"kind":"concurrent","endContent":"ba","numAgents":2,"txns":[{"parents":[],"agent":1,"patches":[[0,0,"a"]]},{"parents":[],"agent":0,"patches":[[0,0,"b"]]}]}`,
		"packed.json.gz":  "no gzip",
		"good.yjs":        string(update),
		"cut.yjs":         string(update[:len(update)-4]),
		"empty.yjs":       "",
		"packed.yjs":      pack(update),
		"packed.yjs.gz":   pack(update),
		"nothing.yjs":     "\x00\x00",
		"half2.yjs":       string(updateV2[:len(updateV2)/2]),
		"cut2.yjs":        string(updateV2[:len(updateV2)-1]),
		"history":         " \n" + astralHistory,
		"update":          string(update),
		"updateV2":        string(updateV2),
		"garbage":         "garbage",
		"quill.yjs":       string(otherRoot),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		work, trace string
		want        string // part of the error; "": none
	}{
		{"trace-load", "good.json", ""},
		{"trace-local", "good.json", ""},
		{"trace-merged", "concurrent.json", ""},
		{"trace", "good.yjs", ""},
		{"trace", "wrong.json", "the text is wrong: 7 bytes that differ from the 6 bytes expected at byte 6"},
		{"trace", "beyond.json", "transaction 1 edits beyond the text's end"},
		{"trace", "short.json", "short.json: unexpected EOF"},
		{"trace", "nothing.json", "the history has no transactions"},
		{"trace", "packed.json.gz", "unpack trace"},
		{"trace", "history", ""},
		{"trace", "update", ""},
		{"trace", "updateV2", ""},
		{"trace", "quill.yjs", "there is nothing to compare"},
		{"trace", "garbage", "neither a history in JSON nor of one of the update formats"},
		{"trace", "cut.yjs", "neither a history in JSON nor of one of the update formats"},
		{"trace", "empty.yjs", "is empty"},
		{"trace", "packed.yjs", "an update is the bytes of format 1 or 2, not packed"},
		{"trace", "packed.yjs.gz", "an update is the bytes of format 1 or 2, not packed"},
		{"trace", "nothing.yjs", "there is nothing to compare"},
		{"trace", "half2.yjs", "an update of format 2, cut short or damaged"},
		{"trace", "cut2.yjs", "an update of format 2, cut short or damaged"},
		{"trace", "missing.json", "the recorded history is absent"},
		{"trace", ".", "is not a file"},
		{"b4-local", "concurrent.json", "needs a sequential history, and this is a concurrent one"},
		{"friends-merged", "good.json", "needs a concurrent history, and this is a sequential one"},
		{"friends-merged", "good.yjs", "needs a concurrent history, and this is an update"},
		{"s3-load", "good.json", "needs an update"},
		{"b3-clients", "good.json", "takes no --trace"},
		{"b5", "", `there is no work "b5"`},
		{"trace", "", "needs --trace FILE"},
		{"all", "good.json", "--trace goes with one work"},
	} {
		t.Run(test.work+" "+test.trace, func(t *testing.T) {
			args := []string{"crdt", "--work", test.work, "--json", "--time", "1ms"}
			if test.trace != "" {
				args = append(args, "--trace", filepath.Join(dir, test.trace))
			}
			err := run(args)
			if test.want == "" && err != nil {
				t.Fatal(err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Fatalf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestCRDTWorks runs each work once whose input is here, through a file.
func TestCRDTWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("replays whole histories, in one goroutine")
	}
	dir, err := tracetest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	o := crdtOptions{traces: dir}
	for _, w := range crdtWorks {
		t.Run(w.name, func(t *testing.T) {
			made, err := o.makeInput(w)
			if cannot(err) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "input")
			if err := made.write(path); err != nil {
				t.Fatal(err)
			}
			in, err := readInput(path)
			if err != nil {
				t.Fatal(err)
			}
			d, err := w.run(in)
			if err != nil {
				t.Fatal(err)
			}
			text, err := d.text()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := checkText(in, text); err != nil {
				t.Error(err)
			}
			if in.Text == "" && in.TextSHA256 == "" {
				t.Error("the work checks no text")
			}
			switch atRest := w.name == "b4-rest"; { // the others encode what Yjs does
			case atRest && int64(d.bytes) > w.goal.Bytes:
				t.Errorf("%d bytes, more than %d", d.bytes, w.goal.Bytes)
			case !atRest && w.goal.Bytes > 0 && int64(d.bytes) != w.goal.Bytes:
				t.Errorf("%d bytes, not the %d of Yjs", d.bytes, w.goal.Bytes)
			}
		})
	}
}
