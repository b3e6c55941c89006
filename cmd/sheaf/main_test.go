//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sheaf": main})
}

// scriptTime bounds all scripts together: a node that hangs fails them.
const scriptTime = 4 * time.Minute

// TestScripts runs testdata/*.txtar, each a session at a terminal that a user
// could have had.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:      "testdata",
		Deadline: time.Now().Add(scriptTime),
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitnode": waitNode,
			"readenv":  readEnv,
			"await":    await,
			"fragment": fragment,
			"idof":     idOf,
		},
	})
}

// waitNode waits until the node of a directory answers: waitnode DIR.
func waitNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitnode DIR")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := local.Dial(ctx, ts.MkAbs(args[0]))
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("no node on %s: %v", args[0], err)
		case <-tick.C:
		}
	}
}

// await runs a command until its output matches: await PATTERN COMMAND...
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await PATTERN COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-deadline.C:
			ts.Fatalf("the output never matched %s", args[0])
		case <-tick.C:
		}
	}
}

// fragment sets a variable to a page's address with the fragment of a link:
// fragment NAME LINK PAGE.
func fragment(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fragment NAME LINK PAGE")
	}
	_, payload, _ := strings.Cut(args[1], "#")
	ts.Setenv(args[0], args[2]+"#"+payload)
}

// idOf sets a variable to the first word of the line of stdout that matches:
// idof NAME PATTERN.
func idOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: idof NAME PATTERN")
	}
	want, err := regexp.Compile(args[1])
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if words := strings.Fields(line); want.MatchString(line) && len(words) > 0 {
			ts.Setenv(args[0], words[0])
			return
		}
	}
	ts.Fatalf("no line matches %s", args[1])
}

// readEnv sets a variable to the content of a file: readenv NAME FILE.
func readEnv(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readenv NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		args string
		name string // "" the command without a name, "-" none
		rest string
	}{
		{"", "", ""},
		{"ls", "ls", ""},
		{"--dir d ls --all", "ls", "--dir d --all"},
		{"--dir=d ls", "ls", "--dir=d"},
		{"-dir d", "", "-dir d"},
		{"--no-browser", "", "--no-browser"},
		{"--no-browser --listen 127.0.0.1:1", "", "--no-browser --listen 127.0.0.1:1"},
		{"--no-browser serve", "serve", "--no-browser"},
		{"nonsense --x", "-", "nonsense --x"},
		{"--help", "-", "help"},
		{"new ls", "new", "ls"},
	} {
		c, rest := pick(strings.Fields(tt.args))
		name := "-"
		if c != nil {
			name = c.name
		}
		if name != tt.name || strings.Join(rest, " ") != tt.rest {
			t.Errorf("pick(%q) = %q %q, want %q %q", tt.args, name, rest, tt.name, tt.rest)
		}
	}
}

func TestParse(t *testing.T) {
	id := "-" + strings.Repeat("A", 42)
	for _, tt := range []struct {
		args   []string
		want   []string
		format string
	}{
		{[]string{"abc", "--format", "json"}, []string{"abc"}, "json"},
		{[]string{"--format=json", "abc", "def"}, []string{"abc", "def"}, "json"},
		{[]string{id, "--format", "json"}, []string{id}, "json"},
		{[]string{"--format", "json", id}, []string{id}, "json"},
		{[]string{"--", "-abc", "--format"}, []string{"-abc", "--format"}, ""},
		{[]string{"abc", "--format", "json", "--", "-abc", "-def"}, []string{"abc", "-abc", "-def"}, "json"},
		{nil, nil, ""},
	} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		format := fs.String("format", "", "")
		got, err := parse(fs, tt.args)
		if err != nil || !slices.Equal(got, tt.want) || *format != tt.format {
			t.Errorf("parse(%q) = %q, format %q, %v", tt.args, got, *format, err)
		}
	}
}

func TestDataDir(t *testing.T) {
	vars := map[string]string{"HOME": "/home/ada"}
	e := &env{getenv: func(k string) string { return vars[k] }}
	check := func(want string) {
		t.Helper()
		if got, err := dataDir(e); err != nil || got != want {
			t.Errorf("got %q %v, want %q", got, err, want)
		}
	}
	check("/home/ada/.local/share/sheaf")
	vars["XDG_DATA_HOME"] = "relative" // the specification says to ignore it
	check("/home/ada/.local/share/sheaf")
	vars["XDG_DATA_HOME"] = "/data"
	check("/data/sheaf")
	vars["SHEAF_DIR"] = "/elsewhere"
	check("/elsewhere")
	e.dir = "/flag"
	check("/flag")
	if _, err := dataDir(&env{getenv: func(string) string { return "" }}); err == nil {
		t.Error("a directory out of nothing")
	}
}

func TestDeviceKey(t *testing.T) {
	dir := t.TempDir()
	first, err := deviceKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, keyFileName)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}
	again, err := deviceKey(dir)
	if err != nil || again.Device() != first.Device() {
		t.Errorf("read again: %v", err)
	}
	if err := writeKey(path, []byte("other")); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key was replaced: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}
}

func TestPorts(t *testing.T) {
	dir := t.TempDir()
	if p := readPorts(dir); p != (ports{}) {
		t.Errorf("from nothing: %v", p)
	}
	want := ports{Page: 7460, P2P: 4001}
	if err := want.write(dir); err != nil {
		t.Fatal(err)
	}
	if p := readPorts(dir); p != want {
		t.Errorf("got %v", p)
	}
	if err := os.WriteFile(filepath.Join(dir, portsFileName), []byte(`{"page":99999}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := readPorts(dir); p != (ports{}) {
		t.Errorf("from an impossible port: %v", p)
	}
	ln, err := listenPage("", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
}

func TestTitleCannotSteerTheTerminal(t *testing.T) {
	d := api.Document{Title: "a\x1b[2Jb\u009bc\x07\n日本"}
	if got := titleOf(d); got != "a[2Jbc日本" {
		t.Errorf("got %q", got)
	}
}
