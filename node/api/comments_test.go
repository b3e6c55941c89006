package api_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// caller asks a server and reads the answers.
type caller struct {
	t *testing.T
	s *api.Server
	n *node.Node
}

func newCaller(t *testing.T) caller {
	t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	st := memstore.New()
	t.Cleanup(func() { st.Close() })
	n, err := node.New(node.Config{Key: key, Store: st, Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return caller{t, api.New(api.Config{Node: n}), n}
}

// ask returns the code of the error, or "".
func (c caller) ask(method string, req, answer any) api.Code {
	c.t.Helper()
	body, err := json.Marshal(req)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := c.s.Handle(context.Background(), method, body)
	var told *api.Error
	if errors.As(err, &told) {
		if told.Message == "" {
			c.t.Errorf("%s: no message", method)
		}
		return told.Code
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if answer != nil {
		if err := json.Unmarshal(b, answer); err != nil {
			c.t.Fatal(err)
		}
	}
	return ""
}

type ask = map[string]any

func TestCommentsByTheAPI(t *testing.T) {
	c := newCaller(t)
	var doc api.Document
	c.ask("documents.create", ask{"title": "Plan"}, &doc)
	anchor := ask{"from": "AAEC", "to": "AAED"}
	var made api.Thread
	if code := c.ask("comments.add", ask{"id": doc.ID, "anchor": anchor, "quote": "q", "text": "why?"}, &made); code != "" {
		t.Fatal(code)
	}
	first := made.Comments[0]
	if made.Anchor.From != "AAEC" || made.Anchor.To != "AAED" || made.Quote != "q" || first.Text != "why?" || first.Name != "Ada" || !first.Me || first.At == 0 || first.EditedAt != 0 {
		t.Errorf("the new thread is %+v", made)
	}
	user := first.User
	if code := c.ask("comments.reply", ask{"id": doc.ID, "thread": made.ID, "text": "@Ada", "mentions": []string{user}}, nil); code != "" {
		t.Error(code)
	}
	if code := c.ask("comments.edit", ask{"id": doc.ID, "comment": first.ID, "text": "how?"}, nil); code != "" {
		t.Error(code)
	}
	if code := c.ask("comments.resolve", ask{"id": doc.ID, "thread": made.ID, "resolved": true}, nil); code != "" {
		t.Error(code)
	}
	var list struct{ Threads []api.Thread }
	c.ask("comments.list", ask{"id": doc.ID}, &list)
	if len(list.Threads) != 1 || len(list.Threads[0].Comments) != 2 {
		t.Fatalf("threads are %+v", list.Threads)
	}
	got := list.Threads[0]
	if !got.Resolved || got.ResolvedBy != first.Device || got.Comments[0].Text != "how?" || got.Comments[0].EditedAt == 0 || got.Comments[1].Mentions[0] != user {
		t.Errorf("the thread is %+v", got)
	}
	for _, one := range got.Comments {
		if code := c.ask("comments.delete", ask{"id": doc.ID, "comment": one.ID}, nil); code != "" {
			t.Error(code)
		}
	}
	c.ask("comments.list", ask{"id": doc.ID}, &list)
	if len(list.Threads) != 0 {
		t.Errorf("threads are %+v", list.Threads)
	}
}

func TestCommentsThatCannotBe(t *testing.T) {
	c := newCaller(t)
	var doc api.Document
	c.ask("documents.create", ask{"title": "Plan"}, &doc)
	anchor := ask{"from": "AAEC", "to": "AAED"}
	nobody := strings.Repeat("A", 43)
	for name, r := range map[string]struct {
		method string
		req    ask
		want   api.Code
	}{
		"no such document": {"comments.list", ask{"id": nobody}, api.NotFound},
		"no text":          {"comments.add", ask{"id": doc.ID, "anchor": anchor}, api.BadRequest},
		"too much text":    {"comments.add", ask{"id": doc.ID, "anchor": anchor, "text": strings.Repeat("x", 20_000)}, api.BadRequest},
		"no anchor":        {"comments.add", ask{"id": doc.ID, "text": "x"}, api.BadRequest},
		"not base64":       {"comments.add", ask{"id": doc.ID, "anchor": ask{"from": "?", "to": "?"}, "text": "x"}, api.BadRequest},
		"no such user":     {"comments.add", ask{"id": doc.ID, "anchor": anchor, "text": "x", "mentions": []string{"Ada"}}, api.BadRequest},
		"no such thread":   {"comments.reply", ask{"id": doc.ID, "thread": nobody, "text": "x"}, api.NotFound},
		"no such comment":  {"comments.edit", ask{"id": doc.ID, "comment": nobody, "text": "x"}, api.NotFound},
		"not an id":        {"comments.delete", ask{"id": doc.ID, "comment": "x"}, api.BadRequest},
	} {
		if code := c.ask(r.method, r.req, nil); code != r.want {
			t.Errorf("%s: %q, want %q", name, code, r.want)
		}
	}
}
