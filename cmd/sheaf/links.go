//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"text/tabwriter"

	"github.com/sheafdocs/sheaf/node/api"
)

var linksCommand = &command{
	name: "links", args: "ID", short: "list a document's links and who waits",
	long: `Lists the links to the document, the newest first: id, state, role, how often each
was used, until when it is good, and its label. Below each is the link itself, if
this device made it. Then come the devices that have asked to be let in and wait
for a member who may do so.

Expiry and number of uses are kept to by the members' nodes that answer. A link
that got into wrong hands is ended by "sheaf revoke".`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			return printLinks(ctx, e, c, d)
		})
	},
}

func printLinks(ctx context.Context, e *env, c caller, d api.Document) error {
	links, err := linksOf(ctx, c, d.ID)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, l := range links {
		uses := "used " + counted(l.Uses, "time")
		if l.MaxUses != 0 {
			uses = fmt.Sprintf("used %d of %d times", l.Uses, l.MaxUses)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.State, l.Role, uses, until(l.ExpiresAt), printable(l.Label))
		if l.Link != "" && l.State == "open" {
			fmt.Fprintf(tw, "  %s\n", l.Link)
		}
	}
	var waiting struct{ Requests []api.Request }
	if err := c.Call(ctx, "requests.list", map[string]string{"id": d.ID}, &waiting); err != nil {
		return err
	}
	for _, r := range waiting.Requests {
		fmt.Fprintf(tw, "%s\twaits\t%s\tsince %s\t\t%s\n", r.Device, r.Role, day(r.AskedAt, "?"), orNameless(r.Name))
	}
	return tw.Flush()
}

// until says how long a link is good for.
func until(at int64) string {
	if at == 0 {
		return "no end"
	}
	return "until " + day(at, "")
}

func linksOf(ctx context.Context, c caller, id string) ([]api.Link, error) {
	var answer struct{ Links []api.Link }
	err := c.Call(ctx, "links.list", map[string]string{"id": id}, &answer)
	return answer.Links, err
}
