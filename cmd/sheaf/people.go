//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sheafdocs/sheaf/node/api"
)

// person is one entry of people.list.
type person struct {
	User     string   `json:"user"`
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Me       bool     `json:"me"`
	Verified bool     `json:"verified"`
	Code     string   `json:"code"`
	Role     string   `json:"role"`
	Devices  []device `json:"devices"`
}

// device is one entry of people.list or devices.list.
type device struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Role     string `json:"role"`
	Me       bool   `json:"me"`
	LastSeen int64  `json:"lastSeen"`
	Online   bool   `json:"online"`
	AddedAt  int64  `json:"addedAt"`
}

var peopleCommand = &command{
	name: "people", args: "ID", short: "list who is in a document",
	long: `Lists the people of the document with their devices: id, role, name, when each
device was last seen. The code stands for both of you: when the other person sees
the same one beside your name, the name is truly theirs. Compare it in another way
than this document, say by telephone.`,
	setup: func(*flag.FlagSet) func(context.Context, *env, []string) error {
		return onDocument(func(ctx context.Context, e *env, c caller, d api.Document) error {
			list, err := peopleOf(ctx, c, d.ID)
			if err != nil {
				return err
			}
			return printPeople(e, list)
		})
	},
}

func peopleOf(ctx context.Context, c caller, id string) ([]person, error) {
	var answer struct{ People []person }
	err := c.Call(ctx, "people.list", map[string]string{"id": id}, &answer)
	return answer.People, err
}

func printPeople(e *env, list []person) error {
	tw := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, p := range list {
		note := "code " + p.Code
		switch {
		case p.Me:
			note = "you"
		case p.Code == "": // this device is no member any more
			note = ""
		case p.Verified:
			note = "verified, " + note
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", p.User, p.Role, orNameless(p.Name), note)
		for _, d := range p.Devices {
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", d.Device, d.Kind, orNameless(d.Name), seen(d))
		}
	}
	return tw.Flush()
}

// seen says when a device was last heard of.
func seen(d device) string {
	switch {
	case d.Me:
		return "this device"
	case d.Online:
		return "connected"
	}
	return "last seen " + day(d.LastSeen, "never")
}

// A target is what the user named of a document: a person, a device or a link.
type target struct {
	user, device, link string
	name               string
}

// minPrefix is how much of an id has to be given, so that a short word is not
// taken for one.
const minPrefix = 4

// findTarget resolves what the user gave: the whole or the beginning of an id, or
// a person's name if only one has it.
func findTarget(list []person, links []api.Link, given string) (target, error) {
	var found []target
	begins := func(id string) bool { return len(given) >= minPrefix && strings.HasPrefix(id, given) }
	for _, p := range list {
		if begins(p.User) || p.Name != "" && p.Name == given {
			found = append(found, target{user: p.User, name: orNameless(p.Name)})
		}
		for _, d := range p.Devices {
			// A user without a paper key has the id of the first device.
			if begins(d.Device) && d.Device != p.User {
				found = append(found, target{device: d.Device, name: orNameless(d.Name)})
			}
		}
	}
	for _, l := range links {
		if begins(l.ID) || l.Link != "" && l.Link == given || l.Label != "" && l.Label == given {
			found = append(found, target{link: l.ID, name: l.Label})
		}
	}
	found = slices.Compact(found)
	switch len(found) {
	case 0:
		return target{}, fmt.Errorf("nobody and nothing in this document is called %q. \"sheaf people\" and \"sheaf links\" list ids", given)
	case 1:
		return found[0], nil
	}
	return target{}, fmt.Errorf("%q may mean %d of this document's people, devices and links. Give an id, or more of one; \"sheaf people\" and \"sheaf links\" list them", given, len(found))
}
