//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

var commentsCommand = &command{
	name: "comments", args: "ID [--all]", short: "print a document's comments",
	long: `Prints the comments of the document, a thread after another, with the passage each
is about. Threads that are resolved are left out without --all.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		all := fs.Bool("all", false, "also threads that are resolved")
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			var answer struct{ Threads []api.Thread }
			if err := c.Call(ctx, "comments.list", map[string]string{"id": d.ID}, &answer); err != nil {
				return err
			}
			for _, t := range answer.Threads {
				if *all || !t.Resolved {
					printThread(e, t)
				}
			}
			return nil
		})
	},
}

func printThread(e *env, t api.Thread) {
	state := ""
	if t.Resolved {
		state = "  (resolved)"
	}
	fmt.Fprintf(e.stdout, "> %s%s\n", printable(strings.ReplaceAll(t.Quote, "\n", " ")), state)
	for _, c := range t.Comments {
		who, text := orNameless(c.Name), c.Text
		if c.Me {
			who = "you"
		}
		if c.Deleted {
			text = "(deleted)"
		}
		fmt.Fprintf(e.stdout, "  %s, %s:\n", who, day(c.At, "?"))
		for line := range strings.Lines(text) {
			fmt.Fprintf(e.stdout, "    %s\n", printable(line))
		}
	}
	fmt.Fprintln(e.stdout)
}
