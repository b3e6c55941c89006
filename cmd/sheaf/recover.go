//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"golang.org/x/term"
)

var recoverCommand = &command{
	name: "recover", args: "[--words-stdin [--at ADDRESS]... [--lost DEVICE]...]", short: "make recovery words, or come back by them",
	long: `Makes 24 recovery words and prints them, once. Write them on paper and keep the
paper where your devices are not: who has the words is you.

With --words-stdin the words are read from standard input, on a new device whose
others are lost: it becomes yours, and your documents come to it from the devices
that have them. Words carry no address: devices on the local network are found,
others by --at, which takes an address or any link to a document. --lost names a
device to be taken out of all documents at once, by its id, the beginning of it, or
its name; only the words can remove a device that is older than all that are left.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		restore := fs.Bool("words-stdin", false, "come back by the words on standard input")
		var lost, at wordList
		fs.Var(&at, "at", "`address` of a device, or link to a document, to begin at; may be repeated")
		fs.Var(&lost, "lost", "lost `device` to take out of all documents; may be repeated")
		fs.Var(&lost, "revoke", "the same as --lost, for this `device`")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("recover takes no arguments; the words are read from standard input, where no list of processes shows them")
			}
			if len(lost) > 0 && !*restore {
				return usagef("--lost goes with --words-stdin; otherwise use \"sheaf devices --revoke\"")
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			if *restore {
				return restoreByWords(ctx, e, c, lost, at)
			}
			var answer struct{ Words string }
			if err := c.Call(ctx, "recovery.create", struct{}{}, &answer); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, printable(answer.Words))
			fmt.Fprintln(e.stderr, "Write these words on paper now: they are not shown again. Who has them is you.")
			return nil
		}
	},
}

// A wordList collects the values of a flag that may be repeated.
type wordList []string

func (l *wordList) String() string { return strings.Join(*l, ",") }

// Set is part of flag.Value.
func (l *wordList) Set(s string) error {
	*l = append(*l, s)
	return nil
}

func restoreByWords(ctx context.Context, e *env, c caller, lost, at wordList) error {
	prompt := ""
	if e.stdin != nil && term.IsTerminal(int(e.stdin.Fd())) {
		prompt = "The 24 words: "
	}
	words, err := readLine(e, prompt)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		if lost, err = lostDevices(ctx, c, words, lost, at); err != nil {
			return err
		}
	}
	var answer struct{ Documents, Missing, Revoked int }
	if err := c.Call(ctx, "recovery.restore", map[string]any{"words": words, "revoke": lost, "hints": at}, &answer); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "This device is yours again. %s came back.\n", counted(answer.Documents, "document"))
	if len(lost) > 0 {
		fmt.Fprintf(e.stdout, "%s taken out of %s.\n", counted(len(lost), "lost device"), counted(answer.Revoked, "document"))
	}
	if answer.Missing > 0 {
		fmt.Fprintf(e.stdout, "%s could not be reached. Start a device that has them, leave Sheaf running, and let that device add this one.\n", counted(answer.Missing, "document"))
	}
	return nil
}

// lostDevices finds the ids of the devices that a person calls lost. Nothing is
// changed where one is not found.
func lostDevices(ctx context.Context, c caller, words string, lost, at wordList) (wordList, error) {
	var answer struct{ Devices []device }
	if err := c.Call(ctx, "recovery.devices", map[string]any{"words": words, "hints": at}, &answer); err != nil {
		return nil, err
	}
	var ids wordList
	for _, given := range lost {
		found := devicesLike(answer.Devices, given)
		if len(found) != 1 {
			return nil, fmt.Errorf("%q fits %s of yours, not one. Nothing was changed. Yours are: %s", given, counted(len(found), "device"), listed(answer.Devices))
		}
		ids = append(ids, found[0].Device)
	}
	return ids, nil
}

// listed names devices in a sentence.
func listed(list []device) string {
	var names []string
	for _, d := range list {
		names = append(names, fmt.Sprintf("%s (%s)", orNameless(d.Name), d.Device))
	}
	if len(names) == 0 {
		return "none that were found"
	}
	return strings.Join(names, ", ")
}
