//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
)

var grantCommand = &command{
	name: "grant", args: "ID USER ROLE", short: "change someone's role",
	long: `Gives a person of the document another role: viewer, commenter, editor or owner.
USER is an id of "sheaf people", the beginning of one, or a name that only one
person has. Only an owner can. An owner can be removed by those who made them one,
and the document's creator by nobody.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 3 {
				return usagef("want a document id, a person and a role, got %s", counted(len(args), "argument"))
			}
			return withDocuments(ctx, e, func(c caller) error {
				d, err := findDocument(ctx, c, args[0])
				if err != nil {
					return err
				}
				list, err := peopleOf(ctx, c, d.ID)
				if err != nil {
					return err
				}
				t, err := findTarget(list, nil, args[1])
				if err != nil {
					return err
				}
				if t.user == "" {
					return usagef("a role is given to a person, and %q is one of their devices", args[1])
				}
				if err := c.Call(ctx, "people.role", map[string]string{"id": d.ID, "user": t.user, "role": args[2]}, nil); err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s is now %s.\n", t.name, args[2])
				return nil
			})
		}
	},
}
