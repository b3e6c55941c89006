//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
)

var shareCommand = &command{
	name: "share", args: "ID", short: "print an invite link",
	long: `Prints a link that lets another device join the document as an editor. Who has
the link can read the document at once: send it as you would send a password.
The other device must be able to reach this one, or be on the same network.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 1 {
				return usagef("want one document id, got %s", counted(len(args), "argument"))
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			d, err := findDocument(ctx, c, args[0])
			if err != nil {
				return err
			}
			var answer struct{ Link string }
			if err := c.Call(ctx, "documents.share", map[string]string{"id": d.ID}, &answer); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, answer.Link)
			return nil
		}
	},
}
