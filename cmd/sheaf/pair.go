//go:build !js

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/sheafdocs/sheaf/node/api/local"
)

var pairCommand = &command{
	name: "pair", args: "[LINK] [--name NAME] | --cancel", short: "make another device yours",
	long: `On a device of yours: shows a link, as text and as a code to scan, that is good for
two minutes and for one device. When that device calls, its name and a code are
shown and you are asked whether it is yours. A newer link takes the place of one
that no device has answered; --cancel ends whatever is under way.

On the new device: "sheaf pair LINK" takes the link of the other one. Both show the
same code. Then all your documents come to this device.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		name := fs.String("name", "", "`name` of this device, as your others list it")
		stop := fs.Bool("cancel", false, "end adding a device, wherever it was begun")
		return func(ctx context.Context, e *env, args []string) error {
			if *stop && (len(args) > 0 || *name != "") {
				return usagef("--cancel goes alone")
			}
			if len(args) > 1 {
				return usagef("want at most one link, got %s", counted(len(args), "argument"))
			}
			c, err := connect(ctx, e)
			if err != nil {
				return err
			}
			if *stop {
				return cancelPairing(ctx, e, c)
			}
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			events, err := c.Events(ctx)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return joinPairing(ctx, e, c, events, args[0], *name)
			}
			return offerPairing(ctx, e, c, events)
		}
	},
}

// cancelPairing ends adding a device that was begun elsewhere: in the page, or at
// a terminal that is gone.
func cancelPairing(ctx context.Context, e *env, c caller) error {
	var now pairing
	if err := c.Call(ctx, "devices.pairing", struct{}{}, &now); err != nil {
		return err
	}
	if now.State == "" || now.State == "done" || now.State == "failed" {
		fmt.Fprintln(e.stdout, "No device is being added.")
		return nil
	}
	if err := c.Call(ctx, "devices.cancel", map[string]uint64{"number": now.Number}, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "Cancelled: no device is added any more.")
	return nil
}

// joinPairing makes this device one of those whose link it is. Given up, the node
// stops, too.
func joinPairing(ctx context.Context, e *env, c *local.Client, events *local.Conn, link, name string) error {
	if err := c.Call(ctx, "devices.join", map[string]string{"link": link, "name": name}, nil); err != nil {
		return err
	}
	err := followPairing(ctx, e, c, events, pairing{Role: "new"})
	if err != nil && ctx.Err() != nil {
		return errors.Join(err, c.Call(context.WithoutCancel(ctx), "devices.cancel", struct{}{}, nil))
	}
	return err
}

// offerPairing shows the link and waits for the new device. Given up, the link is
// taken back.
func offerPairing(ctx context.Context, e *env, c *local.Client, events *local.Conn) error {
	var offer struct {
		Link      string
		ExpiresAt int64
		Number    uint64
	}
	if err := c.Call(ctx, "devices.pair", struct{}{}, &offer); err != nil {
		return err
	}
	if err := printQR(e.stdout, offer.Link); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s\n", offer.Link)
	fmt.Fprintf(e.stderr, "Scan this with the new device, or run there: sheaf pair LINK. It is good until %s, once.\n", day(offer.ExpiresAt, "it is used"))
	err := followPairing(ctx, e, c, events, pairing{Role: "old", Number: offer.Number})
	if err != nil && ctx.Err() != nil {
		return errors.Join(err, c.Call(context.WithoutCancel(ctx), "devices.cancel", map[string]uint64{"number": offer.Number}, nil))
	}
	return err
}

// pairing is what an event tells.
type pairing struct {
	Number  uint64 `json:"number"`
	State   string `json:"state"`
	Role    string `json:"role"`
	Name    string `json:"name"`
	Device  string `json:"device"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// followPairing tells the user how it goes until it is done. Of the pairing to
// follow the role is given, and the number if that is known.
func followPairing(ctx context.Context, e *env, c *local.Client, events *local.Conn, mine pairing) error {
	role, asked, last := mine.Role, false, ""
	for {
		_, raw, err := events.Read(ctx)
		if err != nil {
			return fmt.Errorf("wait for the other device: %w", err)
		}
		var event struct {
			Type    string
			Pairing pairing
		}
		if json.Unmarshal(raw, &event) != nil || event.Type != "pairing" || event.Pairing.Role != role {
			continue
		}
		p := event.Pairing
		switch {
		case mine.Number != 0 && p.Number > mine.Number:
			return errors.New("a newer link took the place of this one. Nothing was changed; use that one")
		case p.Number < mine.Number: // how an earlier one ended
		case p.State == "confirm" && role == "old":
			if asked {
				continue
			}
			asked = true
			if err := confirmPairing(ctx, e, c, p); err != nil {
				return err
			}
		case p.State == "done":
			fmt.Fprintln(e.stdout, pairedText[role])
			return nil
		case p.State == "failed":
			return errors.New(p.Message)
		case role == "new" && p.Code != "" && p.Code != last:
			last = p.Code
			fmt.Fprintf(e.stderr, "This device's code is %s. Say yes at the other one if it shows the same.\n", printable(p.Code))
		}
	}
}

var pairedText = map[string]string{
	"old": "Paired. Your documents come to the new device now; leave Sheaf running on both.",
	"new": "Paired. Your documents come to this device now; leave Sheaf running on both.",
}

func confirmPairing(ctx context.Context, e *env, c *local.Client, p pairing) error {
	question := fmt.Sprintf("%q (%s) wants to become yours. It shows the code %s. Is it yours? [y/n] ", orNameless(p.Name), printable(p.Device), printable(p.Code))
	answer, err := readLine(e, question)
	if err != nil {
		return errors.Join(err, c.Call(ctx, "devices.confirm", map[string]bool{"accept": false}, nil))
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	yes := answer == "y" || answer == "yes"
	if err := c.Call(ctx, "devices.confirm", map[string]bool{"accept": yes}, nil); err != nil {
		return err
	}
	if !yes {
		return errors.New("you said no: the device was not let in. Nothing was changed")
	}
	return nil
}

// maxLineBytes bounds what is read from standard input.
const maxLineBytes = 4 << 10

// readLine asks on standard error and reads a line of standard input.
func readLine(e *env, prompt string) (string, error) {
	if e.stdin == nil {
		return "", errors.New("there is nowhere to ask. Nothing was changed")
	}
	fmt.Fprint(e.stderr, prompt)
	if e.lines == nil {
		e.lines = bufio.NewReader(io.LimitReader(e.stdin, maxLineBytes))
	}
	line, err := e.lines.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", errors.New("standard input ended before an answer. Nothing was changed")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
