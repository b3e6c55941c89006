//go:build !js

package main

import (
	"context"
	"flag"

	"github.com/sheafdocs/sheaf/node/api"
)

var trashCommand = &command{
	name: "trash", args: "ID [--undo]", short: "put a document away, or take it out again",
	long: `Puts the document into the trash of this device: "ls" lists it only with --all.
Nothing is destroyed, and other members keep theirs. --undo takes it out again.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		undo := fs.Bool("undo", false, "take it out of the trash")
		return onDocument(func(ctx context.Context, _ *env, c caller, d api.Document) error {
			return c.Call(ctx, "documents.trash", map[string]any{"id": d.ID, "trashed": !*undo}, nil)
		})
	},
}
