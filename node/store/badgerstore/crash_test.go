//go:build !js

package badgerstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

const (
	writerEnv   = "SHEAF_TEST_WRITER_DIR"
	stubbornEnv = "SHEAF_TEST_WRITER_GOES_ON" // after errors
	logWorkers  = 4
)

// TestMain lets the test binary be the writer that crash tests kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		if err := writeForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// testConfig is for small disks: reserves that fit them.
func testConfig(dir string) badgerstore.Config {
	return badgerstore.Config{Dir: dir, ReserveBytes: 64 << 20, BallastBytes: -1}
}

// writeForEver prints "ack WORKER N" for each commit that was acknowledged, and
// what else happens.
func writeForEver(dir string) error {
	var mu sync.Mutex
	say := func(a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(a...)
	}
	cfg := testConfig(dir)
	cfg.OnHealth = func(h badgerstore.Health) { say("health", h.State, h.Message) }
	s, report, err := badgerstore.Open(cfg)
	if err != nil {
		return err
	}
	if !report.Clean() {
		return fmt.Errorf("report: %v", report)
	}
	for {
		err := storetest.WriteLog(context.Background(), s, logWorkers, func(w, n int) { say("ack", w, n) })
		if os.Getenv(stubbornEnv) == "" {
			return err
		}
		say("error", err)
		<-time.After(50 * time.Millisecond)
	}
}

// writer is a process that writes a log into a store.
type writer struct {
	cmd   *exec.Cmd
	first chan struct{} // closed at the first acknowledgement
	done  chan struct{} // closed when all its output was read

	mu    sync.Mutex
	acked []int    // how many entries of each worker it acknowledged
	said  []string // what else it printed
}

func startWriter(t *testing.T, dir string, acked []int, env ...string) *writer {
	t.Helper()
	w := &writer{acked: acked, first: make(chan struct{}), done: make(chan struct{})}
	w.cmd = exec.Command(os.Args[0])
	w.cmd.Env = append(append(os.Environ(), writerEnv+"="+dir), env...)
	w.cmd.Stderr = os.Stderr
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		first := sync.OnceFunc(func() { close(w.first) })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var worker, n int
			_, err := fmt.Sscanf(lines.Text(), "ack %d %d", &worker, &n)
			w.mu.Lock()
			if err != nil {
				w.said = append(w.said, lines.Text())
			} else {
				w.acked[worker] = max(w.acked[worker], n+1)
				first()
			}
			w.mu.Unlock()
		}
	}()
	t.Cleanup(w.kill)
	return w
}

// heard returns the first thing said that begins with prefix.
func (w *writer) heard(prefix string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.said {
		if strings.HasPrefix(s, prefix) {
			return s
		}
	}
	return ""
}

// kill ends the writer as kill -9 does and collects what it had acknowledged.
func (w *writer) kill() {
	_ = w.cmd.Process.Signal(syscall.SIGKILL)
	<-w.done
	_ = w.cmd.Wait()
}

// snapshot is what was acknowledged so far, of a writer that is stopped.
func (w *writer) snapshot() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]int(nil), w.acked...)
}

func openClean(t *testing.T, cfg badgerstore.Config) *badgerstore.Store {
	t.Helper()
	s, report, err := badgerstore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if !report.Clean() {
		t.Fatalf("report: %v", report)
	}
	return s
}

// TestF13Kill kills a writer again and again, sometimes while it opens: everything
// acknowledged is there, and nothing by halves.
func TestF13Kill(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	const killsOfOne = 20 // then a new store, lest it grow
	kills, total := 0, 0
	for kills < storetest.Rounds(killsOfOne, 1000) {
		dir := filepath.Join(t.TempDir(), "store")
		acked := make([]int, logWorkers)
		for range killsOfOne {
			kills++
			w := startWriter(t, dir, acked)
			if r.IntN(4) > 0 {
				select {
				case <-w.first:
				case <-w.done:
					t.Fatalf("kill %d: the writer ended by itself", kills)
				}
			}
			<-time.After(time.Duration(r.IntN(250)) * time.Millisecond)
			w.kill()
			if kills%3 == 2 {
				continue // opened next by the writer itself
			}
			s := openClean(t, testConfig(dir))
			if err := storetest.CheckLog(t.Context(), s, acked); err != nil {
				t.Fatalf("kill %d: %v", kills, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range acked {
			total += n
		}
		os.RemoveAll(dir)
	}
	t.Logf("%d kills, %d commits acknowledged, all there", kills, total)
}
