//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

var revokeCommand = &command{
	name: "revoke", args: "ID USER|DEVICE|LINK [--keep|--remove] [--discard-unseen]", short: "remove someone, or end a link",
	long: `Removes a person or one of their devices from the document, or ends a link. Give an
id of "sheaf people" or "sheaf links", the beginning of one, or a name that only one
has. Who is removed keeps the copy they have; what they write from now on reaches
nobody, and the document gets a new key. Links made before are closed, and new ones
made in their place.

A link is ended for good. Who came by it stays (--keep, the default) or is removed,
too (--remove); what they wrote and this device has not seen is then set aside.

If the person wrote something that this device has not seen yet, nothing is done
and you are told: connect first, or lose it with --discard-unseen. What is set
aside can be looked at with "sheaf aside" and taken in later.

A device of yours that is lost or stolen is taken out of all your documents with
"sheaf devices --revoke".`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		keep := fs.Bool("keep", false, "who came by the link stays")
		remove := fs.Bool("remove", false, "who came by the link is removed")
		discard := fs.Bool("discard-unseen", false, "give up what they wrote and this device has not seen")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) != 2 {
				return usagef("want a document id, and a person, device or link, got %s", counted(len(args), "argument"))
			}
			if *keep && *remove {
				return usagef("--keep and --remove exclude each other")
			}
			return withDocuments(ctx, e, func(c caller) error {
				d, err := findDocument(ctx, c, args[0])
				if err != nil {
					return err
				}
				t, err := targetOf(ctx, c, d, args[1])
				if err != nil {
					return err
				}
				if t.link != "" && *discard {
					return usagef("--discard-unseen is for people and devices")
				}
				if t.link == "" && (*keep || *remove) {
					return usagef("--keep and --remove are for links")
				}
				return revoke(ctx, e, c, d, t, *remove, *discard)
			})
		}
	},
}

func targetOf(ctx context.Context, c caller, d api.Document, given string) (target, error) {
	links, err := linksOf(ctx, c, d.ID)
	if err != nil {
		return target{}, err
	}
	if t, err := findTarget(nil, links, given); err == nil && strings.HasPrefix(t.link, given) {
		return t, nil
	}
	list, err := peopleOf(ctx, c, d.ID)
	if err != nil {
		return target{}, err
	}
	return findTarget(list, links, given)
}

func revoke(ctx context.Context, e *env, c caller, d api.Document, t target, remove, discard bool) error {
	var answer struct{ Removed int }
	if t.link != "" {
		err := c.Call(ctx, "links.revoke", map[string]any{"id": d.ID, "link": t.link, "remove": remove}, &answer)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "The link is revoked: nobody comes in by it any more. %s removed.\n", counted(answer.Removed, "device"))
		return nil
	}
	what := map[string]any{"id": d.ID, "discardUnseen": discard}
	if t.user != "" {
		what["user"] = t.user
	} else {
		what["device"] = t.device
	}
	if err := c.Call(ctx, "people.remove", what, &answer); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Removed %s: %s.\n", t.name, counted(answer.Removed, "device"))
	return nil
}
