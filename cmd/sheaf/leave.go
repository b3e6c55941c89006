//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/sheafdocs/sheaf/node/api"
)

var leaveCommand = &command{
	name: "leave", args: "ID", short: "give up your role in a document",
	long: `Leaves the document: you keep the copy on this device, readable, and get nothing
new. What you wrote stays with the others. To come back you need to be let in again.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			if err := c.Call(ctx, "documents.leave", map[string]string{"id": d.ID}, nil); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "You have left %s. The copy here stays and can be exported.\n", titleOf(d))
			return nil
		})
	},
}
