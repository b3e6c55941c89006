//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
)

var devicesCommand = &command{
	name: "devices", args: "[--revoke DEVICE]", short: "list your devices, or give up a lost one",
	long: `Lists the devices that are yours: id, kind, name, since when, when last seen. "sheaf
pair" adds one. --revoke takes a lost or stolen one out of all your documents: what
it writes from then on reaches nobody, and the documents get new keys. DEVICE is an
id, the beginning of one, or a name that only one device has.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		lost := fs.String("revoke", "", "take this `device` out of all your documents")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("devices takes no arguments")
			}
			return withDocuments(ctx, e, func(c caller) error {
				var answer struct {
					Devices  []device
					Recovery struct {
						Exists    bool
						CreatedAt int64
					}
				}
				if err := c.Call(ctx, "devices.list", struct{}{}, &answer); err != nil {
					return err
				}
				if *lost != "" {
					return revokeDevice(ctx, e, c, answer.Devices, *lost)
				}
				tw := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
				for _, d := range answer.Devices {
					fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", d.Device, d.Kind, orNameless(d.Name), since(d.AddedAt), seen(d))
				}
				if err := tw.Flush(); err != nil {
					return err
				}
				if !answer.Recovery.Exists {
					fmt.Fprintln(e.stderr, "There are no recovery words: if you lose all your devices, nothing brings the documents back. \"sheaf recover\" makes them.")
				}
				return nil
			})
		}
	},
}

// since says when a device was added; of one that never was there is nothing.
func since(at int64) string {
	if at == 0 {
		return ""
	}
	return "since " + day(at, "")
}

// devicesLike finds the devices that a person means: by id, the beginning of
// one, or a name.
func devicesLike(list []device, given string) []device {
	var found []device
	for _, d := range list {
		if len(given) >= minPrefix && strings.HasPrefix(d.Device, given) || d.Name != "" && d.Name == given {
			found = append(found, d)
		}
	}
	return found
}

func revokeDevice(ctx context.Context, e *env, c caller, list []device, given string) error {
	found := devicesLike(list, given)
	if len(found) != 1 {
		return fmt.Errorf("%q fits %s of yours, not one. Nothing was changed; \"sheaf devices\" lists them", given, counted(len(found), "device"))
	}
	if found[0].Me {
		return fmt.Errorf("this is the device you are at. Nothing was changed. Give it up from another one of yours, or leave documents with \"sheaf leave\"")
	}
	var answer struct{ Documents, Kept int }
	if err := c.Call(ctx, "devices.revoke", map[string]string{"device": found[0].Device}, &answer); err != nil {
		return err
	}
	name, kept := orNameless(found[0].Name), ""
	if answer.Kept > 0 {
		kept = fmt.Sprintf("%s stays in %s, where it was let in before this device. Take it out there from a device that is older, or come back by your recovery words with --lost", name, counted(answer.Kept, "document"))
	}
	switch {
	case answer.Documents > 0 || kept == "":
		fmt.Fprintf(e.stdout, "%s is taken out of %s.\n", name, counted(answer.Documents, "document"))
		if kept != "" {
			fmt.Fprintln(e.stderr, kept+".")
		}
		return nil
	}
	return errors.New(kept)
}
