//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

var recoverCommand = &command{
	name: "recover", args: "[--words-stdin [--revoke DEVICE]...]", short: "make recovery words, or come back by them",
	long: `Makes 24 recovery words and prints them, once. Write them on paper and keep the
paper where your devices are not: who has the words is you.

With --words-stdin the words are read from standard input, on a new device whose
others are lost: it becomes yours, and your documents come to it from the devices
that have them. --revoke names lost devices to be taken out of all documents.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		restore := fs.Bool("words-stdin", false, "come back by the words on standard input")
		var lost wordList
		fs.Var(&lost, "revoke", "lost `device` to take out of all documents; may be repeated")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("recover takes no arguments; the words are read from standard input, where no list of processes shows them")
			}
			if len(lost) > 0 && !*restore {
				return usagef("--revoke goes with --words-stdin; otherwise use \"sheaf devices --revoke\"")
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			if *restore {
				return restoreByWords(ctx, e, c, lost)
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

func restoreByWords(ctx context.Context, e *env, c caller, lost []string) error {
	words, err := readLine(e, "The 24 words: ")
	if err != nil {
		return err
	}
	if lost == nil {
		lost = []string{}
	}
	var answer struct{ Documents int }
	if err := c.Call(ctx, "recovery.restore", map[string]any{"words": words, "revoke": lost}, &answer); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "This device is yours again. %s found; what is in them comes as devices that have them are reached.\n", counted(answer.Documents, "document"))
	return nil
}
