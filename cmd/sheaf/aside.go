//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

// asideGroup is one entry of aside.list.
type asideGroup struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Count     int    `json:"count"`
	At        int64  `json:"at"`
	CanAccept bool   `json:"canAccept"`
	Entries   []struct {
		At   int64  `json:"at"`
		Text string `json:"text"`
	} `json:"entries"`
}

var asideCommand = &command{
	name: "aside", args: "ID [--accept GROUP]", short: "list edits set aside, or take them in",
	long: `Lists the edits that count for nobody and are kept all the same, by author: what
someone wrote who had been removed by then, or the other branch of a device that
was set back to an older state. Their text is shown and can be copied. --accept
takes a group in; only an owner can. GROUP is an id, the beginning of one, or the
name of an author of whom there is one.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		accept := fs.String("accept", "", "take in the edits of this `group`")
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			var answer struct{ Groups []asideGroup }
			if err := c.Call(ctx, "aside.list", map[string]string{"id": d.ID}, &answer); err != nil {
				return err
			}
			if *accept != "" {
				g, err := findAside(answer.Groups, *accept)
				if err != nil {
					return err
				}
				if err := c.Call(ctx, "aside.accept", map[string]string{"id": d.ID, "group": g.ID}, nil); err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s by %s taken in; everyone gets them.\n", counted(g.Count, "edit"), orNameless(g.Name))
				return nil
			}
			for _, g := range answer.Groups {
				printAside(e, g)
			}
			return nil
		})
	},
}

// findAside resolves the whole or the beginning of a group's id, or the name of
// an author of whom there is one.
func findAside(groups []asideGroup, given string) (asideGroup, error) {
	var found []asideGroup
	for _, g := range groups {
		if len(given) >= minPrefix && strings.HasPrefix(g.ID, given) || g.Name != "" && g.Name == given {
			found = append(found, g)
		}
	}
	if len(found) != 1 {
		return asideGroup{}, fmt.Errorf("%q fits %s of edits set aside, not one. Nothing was changed; \"sheaf aside\" lists them", given, counted(len(found), "group"))
	}
	return found[0], nil
}

func printAside(e *env, g asideGroup) {
	can := ""
	if g.CanAccept {
		can = ", you can accept them"
	}
	fmt.Fprintf(e.stdout, "%s  %s by %s, %s%s\n", g.ID, counted(g.Count, "edit"), orNameless(g.Name), day(g.At, "?"), can)
	for _, entry := range g.Entries {
		for line := range strings.Lines(entry.Text) {
			fmt.Fprintf(e.stdout, "    %s\n", printable(line))
		}
	}
}
