package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/sheafdocs/sheaf/node/api"
)

const maxAnswerBytes = 64 << 20 // one answer: an exported document

// A Client asks a running node, for a command of the same user.
type Client struct {
	file    TokenFile
	http    *http.Client
	timeFor func(method string) time.Duration
}

// Dial finds the node that serves dir and makes sure it answers. ErrNotRunning:
// none does; a token file left by one that was killed counts as none.
func Dial(ctx context.Context, dir string) (*Client, error) {
	f, err := ReadTokenFile(dir)
	if err != nil {
		return nil, err
	}
	c := &Client{file: f, http: &http.Client{Transport: &http.Transport{Proxy: nil}}, timeFor: timeFor}
	// Whatever answers otherwise, or not at all, is a program that took the port
	// after a node that was killed. A node that is only slow still holds the
	// directory's lock, so nothing is opened twice.
	first, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var refused *api.Error
	if err := c.Call(first, "status", struct{}{}, nil); errors.As(err, &refused) && refused.Code == api.Locked {
		return c, nil // it runs; what is asked of it will be refused
	} else if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, ErrNotRunning
	}
	return c, nil
}

// dialTimeout is how long a running node may take to say so.
const dialTimeout = 5 * time.Second

// PID returns the process id of the node.
func (c *Client) PID() int { return c.file.PID }

// Address returns the address of the node's page.
func (c *Client) Address() string { return c.file.Address }

// Call asks method with in as JSON and reads the answer into out, which may be
// nil. A refusal is an *api.Error. It waits a minute for the answer, for methods
// that wait for other devices some minutes.
func (c *Client) Call(ctx context.Context, method string, in, out any) error {
	limit := c.timeFor(method)
	bound, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := c.post(bound, "/api/"+method, in, out)
	if err != nil && bound.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("ask node: no answer to %s within %v; the node may still do what was asked: look again in a moment: %w", method, limit, err)
	}
	return err
}

// OpenLink asks for a link that signs a browser in, once.
func (c *Client) OpenLink(ctx context.Context) (string, error) {
	var answer struct {
		URL string `json:"url"`
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := c.post(ctx, "/open", struct{}{}, &answer)
	return answer.URL, err
}

// Edit opens the editor's connection of one document.
func (c *Client) Edit(ctx context.Context, doc string) (*Conn, error) {
	ws, _, err := websocket.Dial(ctx, c.file.Address+"/api/documents/"+doc+"/edit", &websocket.DialOptions{
		HTTPClient: c.http,
		HTTPHeader: http.Header{"Authorization": {"Bearer " + c.file.Token}},
	})
	if err != nil {
		return nil, fmt.Errorf("open document at the node: %w", err)
	}
	ws.SetReadLimit(maxAnswerBytes)
	return &Conn{ws}, nil
}

// Download asks for a file and copies it to w. A file that broke off is an error.
func (c *Client) Download(ctx context.Context, name string, in any, w io.Writer) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.file.Address+"/api/files/"+name, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.file.Token)
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var e errorBody
		if json.NewDecoder(io.LimitReader(resp.Body, maxBodyBytes)).Decode(&e) != nil || e.Error == nil {
			return fmt.Errorf("ask node: it answered %s", resp.Status)
		}
		return e.Error
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("read file from node: %w", err)
	}
	return nil
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.file.Address+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.file.Token)
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask node: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return fmt.Errorf("read answer of node: %w", err)
	}
	if len(answer) > maxAnswerBytes {
		return fmt.Errorf("read answer of node: more than %d bytes", maxAnswerBytes)
	}
	if resp.StatusCode != http.StatusOK {
		var e errorBody
		if json.Unmarshal(answer, &e) != nil || e.Error == nil {
			return fmt.Errorf("ask node: it answered %s", resp.Status)
		}
		return e.Error
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read answer of node: %w", err)
	}
	return nil
}

// Events opens the stream of what changes at the node (docs/formats/api.md).
func (c *Client) Events(ctx context.Context) (*Conn, error) {
	ws, _, err := websocket.Dial(ctx, c.file.Address+"/api/events", &websocket.DialOptions{
		HTTPClient: c.http,
		HTTPHeader: http.Header{"Authorization": {"Bearer " + c.file.Token}},
	})
	if err != nil {
		return nil, fmt.Errorf("listen to the node: %w", err)
	}
	ws.SetReadLimit(maxAnswerBytes)
	return &Conn{ws}, nil
}
