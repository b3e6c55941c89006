//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

var inviteCommand = &command{
	name: "invite", args: "ID [--role ROLE] [--card CARD | --label TEXT --expires 7d --uses N]", short: "let someone in, by a link or by their card",
	long: `Makes a link to the document and prints it. Who has the link can read the document
at once, and gets the role as soon as a member's node answers; by a link for editors
one can write meanwhile, by one for commenters comment. Send it as you would send a
password. "sheaf links" lists the links, "sheaf revoke" ends one.

With --card the person whose contact card it is gets the role at once, and nobody
else can use it: they print theirs with "sheaf card".`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		role := fs.String("role", "editor", "`role` to give: viewer, commenter or editor; with --card also owner")
		card := fs.String("card", "", "contact `card` of the person to let in")
		label := fs.String("label", "", "`words` that tell this link from others in your list; only your devices show them")
		expires := fs.String("expires", "", "`time` for which the link is good, like 12h, 7d or 2w (default without end)")
		uses := fs.Uint("uses", 0, "`number` of devices that it lets in (default any number)")
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			if *card != "" {
				if *label != "" || *expires != "" || *uses != 0 {
					return usagef("--label, --expires and --uses are for links, --card is for one person")
				}
				return inviteCard(ctx, e, c, d, *card, *role)
			}
			terms := map[string]any{"id": d.ID, "role": *role, "label": *label, "maxUses": *uses}
			if *expires != "" {
				span, err := parseSpan(*expires)
				if err != nil {
					return usageError{fmt.Errorf("--expires: %w", err)}
				}
				terms["expiresAt"] = time.Now().Add(span).UnixMilli()
			}
			var link api.Link
			if err := c.Call(ctx, "links.create", terms, &link); err != nil {
				return err
			}
			fmt.Fprintln(e.stdout, link.Link)
			return nil
		})
	},
}

func inviteCard(ctx context.Context, e *env, c caller, d api.Document, card, role string) error {
	var answer struct{ User string }
	err := c.Call(ctx, "people.invite", map[string]string{"id": d.ID, "card": card, "role": role}, &answer)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s\n", answer.User)
	fmt.Fprintf(e.stderr, "They have the role of %s. The document comes to them when their device and one that has it are connected.\n", role)
	return nil
}
