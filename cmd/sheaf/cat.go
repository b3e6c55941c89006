//go:build !js

package main

import (
	"context"
	"flag"

	"github.com/sheafdocs/sheaf/node/api"
)

var catCommand = &command{
	name: "cat", args: "ID", short: "print a document's text",
	long: `Prints what a reader of the document sees, as plain text, a block a line.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			return export(ctx, e, c, d, "txt")
		})
	},
}
