package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutantSeeds is how many programs the oracle has to find a mutant.
const mutantSeeds = 1200

// mutant is a deliberate fault: one line of the engine changed.
type mutant struct {
	name     string
	file     string // below crdt
	old, new string // old occurs exactly once in the file
}

// TestMutantsFit checks that each mutant still names a line of the engine.
func TestMutantsFit(t *testing.T) {
	for _, m := range mutants {
		if _, _, err := m.source(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// TestMutants builds each fault into the engine, with a changed copy of the
// file in place of the file, and expects the oracle to find it.
func TestMutants(t *testing.T) {
	if os.Getenv("MUTANTS") == "" {
		t.Skip("builds the engine once for each fault: run make oracle-mutants")
	}
	answers := filepath.Join(t.TempDir(), "answers")
	recordAnswers(t, answers)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			found, err := m.hunt(t, answers)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(found)
		})
	}
}

// source returns the file's path and its text with the fault.
func (m mutant) source() (path string, text []byte, err error) {
	dir, err := sourceDir()
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "..", "..", m.file)
	text, err = os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if n := bytes.Count(text, []byte(m.old)); n != 1 {
		return "", nil, fmt.Errorf("%s has %d times %q: change the mutant along with the engine", m.file, n, m.old)
	}
	return path, bytes.Replace(text, []byte(m.old), []byte(m.new), 1), nil
}

// found is how a run of TestOracle tells where it diverged.
var foundPattern = regexp.MustCompile(`seed (\d+) diverges at step (\d+), ([^\n]*):`)

// recordAnswers writes to a file what Yjs says to the programs, which is the same
// for every mutant.
func recordAnswers(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	o, w := start(t), bufio.NewWriter(f)
	o.Record(w)
	for seed := range uint64(mutantSeeds) {
		if _, err := o.Ask(request{"program", Generate(seed + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// hunt runs the oracle on the engine with the fault and returns where it was
// found.
func (m mutant) hunt(t *testing.T, answers string) (string, error) {
	path, text, err := m.source()
	if err != nil {
		return "", err
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: copied}})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "test", "-vet=off", "-count=1", "-overlay", overlayFile, "-run", "^TestOracle$", ".")
	cmd.Env = append(os.Environ(), "MUTANTS=", "ANSWERS="+answers, "SEED=1", fmt.Sprint("SEEDS=", mutantSeeds), "SHRINK=0", "FAILURES=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", fmt.Errorf("survives %d seeds", mutantSeeds)
	case !errors.As(err, &exit):
		return "", err
	}
	where := foundPattern.FindStringSubmatch(string(out))
	if where == nil {
		return "", fmt.Errorf("the run failed otherwise: %s", out)
	}
	return fmt.Sprintf("found by seed %s: %s", where[1], strings.TrimSpace(where[3])), nil
}
