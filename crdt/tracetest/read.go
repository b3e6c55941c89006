package tracetest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Limits on what is read: several times what the known histories need.
const (
	maxTraceBytes   = 64 << 20 // of a trace, unpacked
	maxUpdateBytes  = 256 << 20
	maxTransactions = 1 << 20
	maxAgents       = 1 << 16
	maxSeen         = 1 << 24 // numbers that Seen counts with: transactions × agents
)

// ErrAbsent says that a recorded history is not on this machine.
var ErrAbsent = errors.New("the recorded history is absent; docs/benchmarks.md says where it comes from")

// ErrTooLarge says that a file holds more than is read.
var ErrTooLarge = errors.New("more than is read of a history")

// Read reads a trace, JSON or packed JSON, and checks its references.
func Read(path string) (*Trace, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if isPacked(r) || strings.HasSuffix(path, ".gz") {
		unpacked, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("unpack trace %s: %w", path, err)
		}
		r = bufio.NewReader(unpacked)
	}
	t, err := readTrace(r)
	if err != nil {
		return nil, fmt.Errorf("read trace %s: %w", path, err)
	}
	return t, nil
}

// IsTrace tells whether a file begins as a trace does: as packed, or as JSON.
func IsTrace(path string) (bool, error) {
	f, err := openFile(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if isPacked(r) {
		return true, nil
	}
	start, _ := r.Peek(64) // what is too short says so when it is read
	start = bytes.TrimLeft(start, " \t\r\n")
	// An update may begin with a brace, if 123 clients wrote in it.
	inside, isObject := bytes.CutPrefix(start, []byte("{"))
	inside = bytes.TrimLeft(inside, " \t\r\n")
	return isObject && (len(inside) == 0 || inside[0] == '"' || inside[0] == '}'), nil
}

// isPacked tells whether what is read next begins as gzip does.
func isPacked(r *bufio.Reader) bool {
	start, _ := r.Peek(2)
	return string(start) == "\x1f\x8b"
}

func readTrace(r io.Reader) (*Trace, error) {
	b, err := io.ReadAll(&bounded{r: r, left: maxTraceBytes})
	if err != nil {
		return nil, err
	}
	t, err := decode(b)
	if err != nil {
		return nil, err
	}
	return t, t.prepare()
}

// ReadUpdate reads a history that is a Yjs update.
func ReadUpdate(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	update, err := io.ReadAll(&bounded{r: f, left: maxUpdateBytes})
	if err != nil {
		return nil, fmt.Errorf("read update %s: %w", path, err)
	}
	return update, nil
}

// Load reads a trace of Dir, and skips the test where it is absent.
func Load(t testing.TB, name string) *Trace {
	t.Helper()
	return load(t, name, Read)
}

// LoadUpdate reads an update of Dir, and skips the test where it is absent.
func LoadUpdate(t testing.TB, name string) []byte {
	t.Helper()
	return load(t, name, ReadUpdate)
}

func load[T any](t testing.TB, name string, read func(path string) (T, error)) T {
	t.Helper()
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(filepath.Join(dir, name))
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Dir is where tests look for the histories: beside the module that the
// working directory is in.
func Dir() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find histories: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "traces"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find histories: %s is in no module", start)
		}
	}
}

func openFile(path string) (*os.File, error) {
	// Opening a pipe would wait for a writer, so look first.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", path, ErrAbsent)
	case err != nil:
		return nil, fmt.Errorf("open history: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("open history: %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return f, nil
}

// bounded reads up to a number of bytes and fails at the next one.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// decode reads the JSON of a trace, one transaction at a time, so that their
// number is known before they take memory.
func decode(b []byte) (*Trace, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	t := new(Trace)
	err := each(dec, '{', func() error {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "kind":
			return dec.Decode(&t.Kind)
		case "startContent":
			return dec.Decode(&t.StartContent)
		case "endContent":
			return dec.Decode(&t.EndContent)
		case "numAgents":
			return dec.Decode(&t.NumAgents)
		case "txns":
			return each(dec, '[', func() error { return t.decodeTransaction(dec) })
		}
		return dec.Decode(new(json.RawMessage))
	})
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.Join(errors.New("more follows the trace"), err)
	}
	return t, nil
}

func (t *Trace) decodeTransaction(dec *json.Decoder) error {
	if len(t.Txns) == maxTransactions {
		return fmt.Errorf("%w: over %d transactions", ErrTooLarge, maxTransactions)
	}
	t.Txns = append(t.Txns, Transaction{})
	if err := dec.Decode(&t.Txns[len(t.Txns)-1]); err != nil {
		return fmt.Errorf("transaction %d: %w", len(t.Txns)-1, err)
	}
	return nil
}

// each calls f before every element of an object or array.
func each(dec *json.Decoder, open json.Delim, f func() error) error {
	got, err := dec.Token()
	if err != nil {
		return err
	}
	if got != open {
		return fmt.Errorf("%v where %v was expected", got, open)
	}
	for dec.More() {
		if err := f(); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the end
	return err
}

// UnmarshalJSON reads [position, deleteCount, insertText].
func (p *Patch) UnmarshalJSON(b []byte) error {
	parts := []any{&p.Pos, &p.Del, &p.Insert}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) != 3 {
		return fmt.Errorf("patch of %d parts", len(parts))
	}
	if p.Pos < 0 || p.Del < 0 {
		return fmt.Errorf("patch at %d deletes %d", p.Pos, p.Del)
	}
	return nil
}
