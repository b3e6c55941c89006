//go:build !js

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A caller answers the requests of node/api: the running node, or the store
// opened by the command itself.
type caller interface {
	Call(ctx context.Context, method string, in, out any) error
}

// connect finds the running node. errNeedsNode: there is none.
func connect(ctx context.Context, e *env) (*local.Client, error) {
	c, err := local.Dial(ctx, e.dir)
	if errors.Is(err, local.ErrNotRunning) {
		return nil, errNeedsNode
	}
	return c, err
}

// withDocuments runs f with the running node, or, if none runs, with the
// store opened for this one command and without a network.
func withDocuments(ctx context.Context, e *env, f func(caller) error) error {
	c, err := connect(ctx, e)
	if err == nil {
		return f(c)
	}
	if !errors.Is(err, errNeedsNode) {
		return err
	}
	if !hasStore(e.dir) {
		return fmt.Errorf("there are no documents in %s yet. Make one with \"sheaf new\", or say with --dir where they are", e.dir)
	}
	return withStore(e, f)
}

// withStore runs f with the store opened for this one command, and makes the
// directory if it is new.
func withStore(e *env, f func(caller) error) error {
	p, err := openParts(e, partsConfig{})
	if err != nil {
		return err
	}
	return errors.Join(f(direct{p.api}), p.close())
}

// direct is a caller on a node within this process.
type direct struct{ server *api.Server }

func (d direct) Call(ctx context.Context, method string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	answer, err := d.server.Handle(ctx, method, body)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// documents lists all documents, trashed ones too.
func documents(ctx context.Context, c caller) ([]api.Document, error) {
	var answer struct{ Documents []api.Document }
	err := c.Call(ctx, "documents.list", struct{}{}, &answer)
	return answer.Documents, err
}

func isID(s string) bool {
	_, err := wire.ParseDocID(s)
	return err == nil
}

// findDocument resolves an id or the beginning of one.
func findDocument(ctx context.Context, c caller, id string) (api.Document, error) {
	docs, err := documents(ctx, c)
	if err != nil {
		return api.Document{}, err
	}
	var found []api.Document
	for _, d := range docs {
		if id != "" && strings.HasPrefix(d.ID, id) {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return api.Document{}, fmt.Errorf("no document here has an id that begins with %q. \"sheaf ls\" lists them", id)
	case 1:
		return found[0], nil
	}
	return api.Document{}, fmt.Errorf("%d documents have an id that begins with %q. Give more of it; \"sheaf ls\" lists them", len(found), id)
}

// onDocument makes the run function of a command whose one argument is a
// document and that needs only the store.
func onDocument(f func(ctx context.Context, e *env, c caller, d api.Document) error) func(context.Context, *env, []string) error {
	return func(ctx context.Context, e *env, args []string) error {
		if len(args) != 1 {
			return usagef("want one document id, got %s", counted(len(args), "argument"))
		}
		return withDocuments(ctx, e, func(c caller) error {
			d, err := findDocument(ctx, c, args[0])
			if err != nil {
				return err
			}
			return f(ctx, e, c, d)
		})
	}
}
