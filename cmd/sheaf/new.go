//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

var newCommand = &command{
	name: "new", args: "[TITLE]", short: "make a document, print its id",
	long: `Makes a document that belongs to this device and prints its id.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return func(ctx context.Context, e *env, args []string) error {
			create := func(c caller) error {
				var d api.Document
				if err := c.Call(ctx, "documents.create", map[string]string{"title": strings.Join(args, " ")}, &d); err != nil {
					return err
				}
				fmt.Fprintln(e.stdout, d.ID)
				return nil
			}
			c, err := connect(ctx, e)
			if errors.Is(err, errNeedsNode) {
				return withStore(e, create)
			}
			if err != nil {
				return err
			}
			return create(c)
		}
	},
}
