package tracetest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func pack(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content) // no error from a Buffer
	w.Close()
	return b.Bytes()
}

func TestRead(t *testing.T) {
	const concurrent = `{"kind":"concurrent","other":[{}],"endContent":"ba","numAgents":3,"txns":[
		{"parents":[],"agent":1,"patches":[[0,0,"a"]]},
		{"parents":[],"agent":0,"patches":[[0,0,"b"],[1,0,"😀"]]},
		{"parents":[0,1],"agent":1,"patches":[[1,1,""]]}]}`
	for name, content := range map[string][]byte{"a.json": []byte(concurrent), "a.json.gz": pack([]byte(concurrent))} {
		tr, err := Read(write(t, name, content))
		if err != nil {
			t.Fatal(err)
		}
		if tr.Kind != Concurrent || tr.NumAgents != 3 || tr.EndContent != "ba" || !tr.Astral || tr.Edits() != 4 {
			t.Errorf("%s: %+v", name, tr)
		}
		if got, want := tr.Seen(), [][]int32{{0, 0, 0}, {0, 0, 0}, {1, 1, 0}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: seen %v, want %v", name, got, want)
		}
		n := 0
		for p := range tr.Patches() {
			if n++; n == 4 && p != (Patch{Pos: 1, Del: 1}) {
				t.Errorf("%s: the last patch is %+v", name, p)
			}
		}
		if n != 4 {
			t.Errorf("%s: %d patches", name, n)
		}
	}
	tr, err := Read(write(t, "b.json", []byte(`{"startContent":"x","txns":[{"patches":[[0,0,"a"]]},{"patches":[[0,0,"b"]]}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	if tr.Kind != Sequential || tr.NumAgents != 1 || tr.Astral || !reflect.DeepEqual(tr.Txns[1].Parents, []int{0}) {
		t.Errorf("sequential: %+v", tr)
	}
}

func TestReadRefuses(t *testing.T) {
	good := pack([]byte(`{"txns":[{"patches":[[0,0,"a"]]}]}`))
	badSum := bytes.Clone(good)
	badSum[len(badSum)-5] ^= 1
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"a.json", nil, "unexpected EOF"},
		{"a.json", []byte(`[]`), "[ where { was expected"},
		{"a.json", []byte(`{"txns":{}}`), "{ where [ was expected"},
		{"a.json", []byte(`{"txns":[{"patches":[[0,0,"a"]]}`), "unexpected EOF"},
		{"a.json", []byte(`{"txns":[{"patches":[[0,0,"a"]`), "unexpected EOF"},
		{"a.json", []byte(`{}{}`), "more follows the trace"},
		{"a.json", []byte(`{"kind":"x"}`), `kind "x" is not known`},
		{"a.json", []byte(`{"txns":[{"patches":[[0,0]]}]}`), "transaction 0: patch of 2 parts"},
		{"a.json", []byte(`{"txns":[{"patches":[[0,0,"",0]]}]}`), "transaction 0: patch of 4 parts"},
		{"a.json", []byte(`{"txns":[{"patches":[[0,-1,""]]}]}`), "patch at 0 deletes -1"},
		{"a.json", []byte(`{"kind":"concurrent","txns":[{"parents":[0]}]}`), "transaction 0 has parent 0"},
		{"a.json", []byte(`{"txns":[{"agent":-1}]}`), "transaction 0 is of agent -1"},
		{"a.json", []byte(`{"txns":[{"agent":65536}]}`), "transaction 0 is of agent 65536"},
		{"a.json", []byte(`{"numAgents":65537}`), "65537 agents"},
		{"a.json", []byte(`{"numAgents":65536,"txns":[{}` + strings.Repeat(",{}", 256) + `]}`), "too many together"},
		{"a.json.gz", []byte("no gzip"), "unpack trace"},
		{"a.json.gz", good[:len(good)-9], "unexpected EOF"},
		{"a.json.gz", badSum, "invalid checksum"},
	} {
		_, err := Read(write(t, test.name, test.content))
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.name) {
			t.Errorf("%s %.60q: error is %v, want one with %q and the file's name", test.name, test.content, err, test.want)
		}
	}
}

// TestReadBounded: small files that stand for very much are refused, at no
// more than a fixed cost.
func TestReadBounded(t *testing.T) {
	for what, content := range map[string]string{
		"nothing but space": strings.Repeat(" ", maxTraceBytes+1),
		"transactions":      `{"txns":[{}` + strings.Repeat(",{}", maxTransactions) + `]}`,
	} {
		path := write(t, "a.json.gz", pack([]byte(content)))
		content = ""
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(path)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<30 {
			t.Errorf("%s: %d bytes allocated", what, took)
		}
	}
	path := write(t, "a.yjs", nil)
	if err := os.Truncate(path, maxUpdateBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadUpdate(path); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an update: %v", err)
	}
}

func TestBounded(t *testing.T) {
	const text = "twelve bytes"
	for left, want := range map[int64]error{0: ErrTooLarge, 11: ErrTooLarge, 12: nil, 13: nil} {
		got, err := io.ReadAll(&bounded{r: strings.NewReader(text), left: left})
		if err != want || err == nil && string(got) != text {
			t.Errorf("bounded by %d: %q, %v", left, got, err)
		}
	}
}

func TestAbsent(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none.json")); !errors.Is(err, ErrAbsent) {
		t.Errorf("a trace: %v", err)
	}
	if _, err := ReadUpdate(filepath.Join(dir, "none.yjs")); !errors.Is(err, ErrAbsent) {
		t.Errorf("an update: %v", err)
	}
	if _, err := Read(dir); err == nil || errors.Is(err, ErrAbsent) {
		t.Errorf("a directory: %v", err)
	}
	ran := false
	if !t.Run("skipped", func(t *testing.T) { Load(t, "there-is-no-such-history"); ran = true }) || ran {
		t.Error("a test without its history did not skip")
	}
}

// TestKnown reads the histories that are here.
func TestKnown(t *testing.T) {
	for name, edits := range map[string]int{Paper: 259_778, Friends: 26_078} {
		t.Run(name, func(t *testing.T) {
			if got := Load(t, name).Edits(); got != edits {
				t.Errorf("%d edits, want %d", got, edits)
			}
		})
	}
	for name, size := range map[string]int{S3: 317_745, A1: 308_418} {
		t.Run(name, func(t *testing.T) {
			if got := len(LoadUpdate(t, name)); got != size {
				t.Errorf("%d bytes, want %d", got, size)
			}
		})
	}
}
