//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
)

var cardCommand = &command{
	name: "card", args: "[--add CARD --name NAME]", short: "print your contact card, or keep someone's",
	long: `Prints your contact card: what you give to someone so that they can let you into
their documents ("sheaf invite ID --card CARD"). It says which devices are yours and
is no secret. With --add someone's card is kept under a name.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		add := fs.String("add", "", "keep this `card`")
		name := fs.String("name", "", "`name` of the person whose card it is")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("card takes no arguments")
			}
			return withDocuments(ctx, e, func(c caller) error {
				if *add != "" {
					var kept struct{ User, Name string }
					if err := c.Call(ctx, "contacts.add", map[string]string{"card": *add, "name": *name}, &kept); err != nil {
						return err
					}
					fmt.Fprintf(e.stdout, "%s  %s\n", kept.User, orNameless(kept.Name))
					return nil
				}
				var answer struct{ Card string }
				if err := c.Call(ctx, "contacts.card", struct{}{}, &answer); err != nil {
					return err
				}
				fmt.Fprintln(e.stdout, answer.Card)
				return nil
			})
		}
	},
}
