//go:build !js

// Sheaf runs a node and talks to it: without a command it starts the node and
// opens its page in the browser, other commands list, print, share and join
// documents.
//
// Each command has a file of its own. Commands ask the node that runs on the
// data directory; those that only need the store open it themselves when no
// node runs. This package puts the parts of a node together (serve.go) and is
// the only one that reads flags and the environment.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// A command is one thing sheaf can do.
type command struct {
	name  string
	args  string // what follows the name in the usage line
	short string // one line for the list of commands
	long  string // for "sheaf help NAME"
	// setup declares the command's flags and returns what runs it.
	setup func(fs *flag.FlagSet) func(ctx context.Context, e *env, args []string) error
}

var commands = []*command{
	serveCommand, newCommand, lsCommand, catCommand, exportCommand, shareCommand,
	joinCommand, renameCommand, trashCommand, statusCommand,
	peopleCommand, inviteCommand, grantCommand, revokeCommand, linksCommand,
	leaveCommand, commentsCommand, asideCommand,
	devicesCommand, pairCommand, recoverCommand, cardCommand,
	lockCommand, unlockCommand, passphraseCommand, backupCommand, restoreCommand,
}

// An env is what a command works with instead of globals.
type env struct {
	dir    string // data directory, from --dir or the environment
	getenv func(string) string
	stdin  *os.File
	stdout io.Writer
	stderr io.Writer

	lines *bufio.Reader // of stdin, once something was read from it
}

// A usageError is told together with how to use the command.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	e := &env{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	status := run(ctx, e, os.Args[1:])
	stop()
	os.Exit(status)
}

// run does what args ask and returns the exit status: 0, 1 for a failure, 2
// for wrong usage.
func run(ctx context.Context, e *env, args []string) int {
	c, rest := pick(args)
	if c == nil {
		name := rest[0]
		if name == "help" {
			return help(e, rest[1:])
		}
		fmt.Fprintf(e.stderr, "sheaf: there is no command %q. \"sheaf help\" lists them.\n", name)
		return 2
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&e.dir, "dir", "", "the node's data `directory` (default $SHEAF_DIR, or "+defaultDirText+")")
	do := c.setup(fs)
	positional, err := parse(fs, rest)
	if errors.Is(err, flag.ErrHelp) {
		usage(e.stdout, c)
		return 0
	}
	if err != nil {
		err = usageError{err}
	} else if e.dir, err = dataDir(e); err == nil {
		err = do(ctx, e, positional)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(e.stderr, "sheaf: %s\n", explain(err))
	if errors.As(err, new(usageError)) {
		fmt.Fprintf(e.stderr, "usage: %s\n\"sheaf help %s\" tells more.\n", usageLine(c), c.name)
		return 2
	}
	return 1
}

// pick finds the command among args, which may be preceded by flags:
// "sheaf --dir d ls". Without a name it is the one that starts the node and
// opens the page. A name that is no command comes back first in rest.
func pick(args []string) (c *command, rest []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "-h" || a == "--help" || a == "-help" {
			return nil, append([]string{"help"}, args[i+1:]...)
		}
		if strings.HasPrefix(a, "-") {
			if !strings.Contains(a, "=") && takesValue(strings.TrimLeft(a, "-")) {
				i++
			}
			continue
		}
		for _, c := range commands {
			if c.name == a {
				return c, append(append([]string{}, args[:i]...), args[i+1:]...)
			}
		}
		return nil, args[i:]
	}
	return openCommand, args
}

// takesValue reports whether a flag that may precede a command's name takes
// its value from the next argument.
func takesValue(name string) bool {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.String("dir", "", "")
	openCommand.setup(fs)
	f := fs.Lookup(name)
	if f == nil {
		return false
	}
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return !ok || !b.IsBoolFlag()
}

// parse lets flags stand before, between and after the other arguments. A
// document id may begin with a dash and is not taken for a flag; the beginning
// of one is, unless it comes after "--".
func parse(fs *flag.FlagSet, args []string) (positional []string, err error) {
	var rest []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, rest = args[:i], args[i+1:]
	}
	marked := make([]string, len(args))
	for i, a := range args {
		if isID(a) {
			a = "\x00" + a
		}
		marked[i] = a
	}
	for {
		if err := fs.Parse(marked); err != nil {
			return nil, flagError(err, args)
		}
		marked = fs.Args()
		if len(marked) == 0 {
			break
		}
		positional = append(positional, strings.TrimPrefix(marked[0], "\x00"))
		marked = marked[1:]
	}
	return append(positional, rest...), nil
}

// flagError says of an unknown flag, as it was typed, that it may have been meant
// for an id.
func flagError(err error, args []string) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return err
	}
	typed := "--" + name
	if slices.Contains(args, "-"+name) {
		typed = "-" + name
	}
	return fmt.Errorf("there is no flag %s. (If it is the beginning of an id, put it last, after \"--\".)", typed)
}

func help(e *env, args []string) int {
	if len(args) > 0 {
		for _, c := range commands {
			if c.name == args[0] {
				usage(e.stdout, c)
				return 0
			}
		}
		fmt.Fprintf(e.stderr, "sheaf: there is no command %q. \"sheaf help\" lists them.\n", args[0])
		return 2
	}
	fmt.Fprintf(e.stdout, "Sheaf: write together in one document, with no server in the middle.\n\n")
	fmt.Fprintf(e.stdout, "  %-34s %s\n", usageLine(openCommand), openCommand.short)
	for _, c := range commands {
		fmt.Fprintf(e.stdout, "  %-34s %s\n", usageLine(c), c.short)
	}
	fmt.Fprintf(e.stdout, "\nAn ID may be shortened as long as it stays unique; a shortened one that begins with a\ndash comes last, after \"--\". \"sheaf help COMMAND\" tells more.\nEvery command takes --dir DIRECTORY, the node's data directory (default $SHEAF_DIR,\nor %s).\n", defaultDirText)
	return 0
}

func usageLine(c *command) string {
	return strings.Join(strings.Fields("sheaf "+c.name+" "+c.args), " ")
}

// usage prints all there is to say about one command.
func usage(w io.Writer, c *command) {
	fmt.Fprintf(w, "usage: %s\n\n%s\n\nFlags:\n", usageLine(c), strings.TrimSpace(c.long))
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.String("dir", "", "the node's data `directory` (default $SHEAF_DIR, or "+defaultDirText+")")
	c.setup(fs)
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if d := f.DefValue; d != "" && d != "0" && d != "false" {
			text += " (default " + d + ")"
		}
		fmt.Fprintf(w, "  --%-22s %s\n", strings.TrimSpace(f.Name+" "+strings.ToUpper(value)), text)
	})
}
