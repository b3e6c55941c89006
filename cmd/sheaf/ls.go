//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

var lsCommand = &command{
	name: "ls", args: "[--all]", short: "list documents",
	long: `Lists the documents on this device, the last changed first: id, when it was
changed, which other devices are known to hold all of it, and its title.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		all := fs.Bool("all", false, "also those put into the trash")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("ls takes no arguments")
			}
			return withDocuments(ctx, e, func(c caller) error {
				var answer struct{ Documents []api.Document }
				if err := c.Call(ctx, "documents.list", map[string]bool{"held": true}, &answer); err != nil {
					return err
				}
				docs := answer.Documents
				if !*all {
					docs = slices.DeleteFunc(docs, func(d api.Document) bool { return d.Trashed })
				}
				return list(e.stdout, docs)
			})
		}
	},
}

func list(w io.Writer, docs []api.Document) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range docs {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", d.ID, time.UnixMilli(d.UpdatedAt).Format("2006-01-02 15:04"), where(d), titleOf(d))
	}
	return tw.Flush()
}

// where says how a document stands on this device and others.
func where(d api.Document) string {
	var parts []string
	if d.Trashed {
		parts = append(parts, "in the trash")
	}
	switch {
	case d.Refused:
		parts = append(parts, "not let in: the link is of no use any more")
	case d.Waiting:
		parts = append(parts, "waiting to be let in")
	case d.Left:
		parts = append(parts, "left")
	case d.State != "ready":
		parts = append(parts, d.State)
	case d.Held == 1:
		parts = append(parts, "here and on 1 other")
	case d.Held > 1:
		parts = append(parts, fmt.Sprintf("here and on %d others", d.Held))
	default:
		parts = append(parts, "here")
	}
	return strings.Join(parts, ", ")
}

func titleOf(d api.Document) string {
	if d.Title == "" {
		return "Untitled"
	}
	return printable(d.Title) // it comes from others, too
}
