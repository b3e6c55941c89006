//go:build !js

package main

import (
	"context"
	"flag"
	"strings"
)

var renameCommand = &command{
	name: "rename", args: "ID TITLE", short: "change a document's title",
	long: `Changes the title, for all members.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) < 2 {
				return usagef("want a document id and a title")
			}
			return withDocuments(ctx, e, func(c caller) error {
				d, err := findDocument(ctx, c, args[0])
				if err != nil {
					return err
				}
				return c.Call(ctx, "documents.rename", map[string]string{"id": d.ID, "title": strings.Join(args[1:], " ")}, nil)
			})
		}
	},
}
