//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

// joinPoll is how often a waiting join looks whether a member has answered.
const joinPoll = 100 * time.Millisecond

var joinCommand = &command{
	name: "join", args: "LINK [--wait DURATION]", short: "join a document",
	long: `Joins the document of an invite link and prints its id. It waits for a member to
let this device in; if nobody is reachable in that time, the node goes on trying,
and the exit status is 0. It is 1 if a member says that the link lets nobody in any
more: it was revoked, has expired or is used up.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		wait := fs.Duration("wait", 30*time.Second, "`time` to wait for a member, like 10s or 2m; 0 not at all")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 1 {
				return usagef("want one link, got %s", counted(len(args), "argument"))
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			var d api.Document
			if err := c.Call(ctx, "documents.join", map[string]string{"link": args[0]}, &d); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, d.ID)
			return awaitReady(ctx, e, c, d, *wait)
		}
	},
}

// awaitReady waits until the document can be edited here.
func awaitReady(ctx context.Context, e *env, c caller, d api.Document, wait time.Duration) error {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	tick := time.NewTicker(joinPoll)
	defer tick.Stop()
	for d.State == "joining" {
		if d.Refused {
			return fmt.Errorf("not joined. %s \"sheaf trash %s\" takes the document out of your list", d.Message, d.ID)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			fmt.Fprintln(e.stderr, strings.TrimSpace("Waiting: no member has let this device in yet. "+d.Message))
			fmt.Fprintln(e.stderr, "The node tries on while it runs; \"sheaf ls\" shows whether it has come in.")
			return nil
		case <-tick.C:
		}
		found, err := findDocument(ctx, c, d.ID)
		if err != nil {
			return err
		}
		d = found
	}
	fmt.Fprintf(e.stderr, "Joined as %s.\n", d.Role)
	return nil
}
