//go:build !js

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
)

var statusCommand = &command{
	name: "status", args: "[--json]", short: "what the node is doing",
	long: `Tells whether a node runs on the directory, where its page is, who it is
connected to and how its store is. With --json as one JSON object, which also
says of each document which devices hold it, and what is missing; of a node that
is locked, only that it is. The exit status is 1 when no node runs.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		asJSON := fs.Bool("json", false, "print JSON")
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("status takes no arguments")
			}
			return status(ctx, e, *asJSON)
		}
	},
}

// nodeStatus is what status --json prints.
type nodeStatus struct {
	Running bool   `json:"running"`
	Locked  bool   `json:"locked"`
	Dir     string `json:"dir"`
	Address string `json:"address,omitempty"`
	PID     int    `json:"pid,omitempty"`
	*api.Status
	Documents []documentStatus `json:"documents,omitempty"`
}

// documentStatus says who holds what of one document.
type documentStatus struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Forked says that another copy of this device's key has written in it.
	Forked bool `json:"forked,omitempty"`
	api.DocumentHolding
}

// documentStatuses asks for every document that is not in the trash.
func documentStatuses(ctx context.Context, c caller) ([]documentStatus, error) {
	docs, err := documents(ctx, c)
	if err != nil {
		return nil, err
	}
	var list []documentStatus
	for _, d := range docs {
		if d.Trashed {
			continue
		}
		st := documentStatus{ID: d.ID, Title: d.Title, Forked: d.Forked}
		if err := c.Call(ctx, "documents.info", map[string]string{"id": d.ID}, &st.DocumentHolding); err != nil {
			return nil, err
		}
		list = append(list, st)
	}
	return list, nil
}

// askStatus asks the running node, which tells nothing more while it is locked.
func askStatus(ctx context.Context, c caller, out *nodeStatus) error {
	var lock api.LockStatus
	if err := c.Call(ctx, "lock.status", struct{}{}, &lock); err != nil {
		return err
	}
	if out.Locked = lock.Locked; out.Locked {
		return nil
	}
	out.Status = &api.Status{}
	if err := c.Call(ctx, "status", struct{}{}, out.Status); err != nil {
		return err
	}
	var err error
	out.Documents, err = documentStatuses(ctx, c)
	return err
}

func status(ctx context.Context, e *env, asJSON bool) error {
	out := nodeStatus{Dir: e.dir}
	c, err := connect(ctx, e)
	switch {
	case err == nil:
		out.Running, out.Address, out.PID = true, c.Address(), c.PID()
		if err := askStatus(ctx, c, &out); err != nil {
			return err
		}
	case !errors.Is(err, errNeedsNode):
		return err
	}
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return errors.Join(enc.Encode(out), err)
	}
	if err != nil {
		return fmt.Errorf("no node is running on %s. Start it with \"sheaf\" or \"sheaf serve\"", e.dir)
	}
	if out.Locked {
		fmt.Fprintf(e.stdout, "page     %s\nprocess  %d\ndata     %s\nlocked   \"sheaf unlock\", or the page, unlocks it\n", out.Address, out.PID, out.Dir)
		return nil
	}
	net := "connected to " + counted(out.Peers, "device")
	if out.Offline {
		net = "working offline"
	}
	fmt.Fprintf(e.stdout, "page     %s\nprocess  %d\ndata     %s\ndevice   %s\nname     %s\nnetwork  %s\nstore    %s\n",
		out.Address, out.PID, out.Dir, out.Device, out.Name, net, out.Store.State)
	if out.Store.Message != "" {
		fmt.Fprintf(e.stdout, "         %s\n", out.Store.Message)
	}
	printForked(e.stdout, out.Documents)
	return nil
}

// printForked names the documents in which another copy of this device's key has
// written, in one line.
func printForked(w io.Writer, docs []documentStatus) {
	var titles []string
	for _, d := range docs {
		if d.Forked {
			titles = append(titles, strconv.Quote(d.Title))
		}
	}
	if len(titles) > 0 {
		fmt.Fprintf(w, "key      another copy of it has written in %s; all is kept, one version counts. Remove this device from another one and add it anew\n", strings.Join(titles, ", "))
	}
}
