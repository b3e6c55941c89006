package api

import (
	"context"
	"errors"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Link describes a link to a document.
type Link struct {
	ID        string `json:"id"`
	Role      string `json:"role"`
	Label     string `json:"label"`
	Link      string `json:"link"` // empty: this device does not have it
	Web       string `json:"web"`
	CreatedAt int64  `json:"createdAt"` // unix ms
	ExpiresAt int64  `json:"expiresAt"` // unix ms; 0: never
	MaxUses   uint32 `json:"maxUses"`   // 0: any number
	Uses      int    `json:"uses"`
	State     string `json:"state"`
	Mine      bool   `json:"mine"`
}

// Request describes a device that waits to be let in.
type Request struct {
	Device  string `json:"device"`
	Name    string `json:"name"`
	Role    string `json:"role"`
	AskedAt int64  `json:"askedAt"` // unix ms
}

func (s *Server) describeLink(l node.Link) Link {
	out := Link{
		ID: l.ID.String(), Role: l.Role.String(), Label: l.Label, CreatedAt: l.Made.UnixMilli(),
		MaxUses: l.MaxUses, Uses: l.Uses, State: string(l.State), Mine: l.Mine,
	}
	if !l.Expires.IsZero() {
		out.ExpiresAt = l.Expires.UnixMilli()
	}
	if l.Secret != nil {
		out.Link, out.Web = l.Secret.String(), s.webLink(*l.Secret)
	}
	return out
}

// webLink is the form of a link that opens in a browser on this machine; empty
// where there is no page.
func (s *Server) webLink(l access.Link) string {
	if s.cfg.Origin == nil {
		return ""
	}
	return l.Web(s.cfg.Origin())
}

func (s *Server) listLinks(_ context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	links := []Link{}
	for _, l := range d.Links() {
		links = append(links, s.describeLink(l))
	}
	return map[string][]Link{"links": links}, nil
}

func (s *Server) createLink(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[struct {
		ID        string `json:"id"`
		Role      string `json:"role"`
		Label     string `json:"label"`
		ExpiresAt int64  `json:"expiresAt"`
		MaxUses   uint32 `json:"maxUses"`
	}](s, body)
	if err != nil {
		return nil, err
	}
	terms := node.LinkTerms{Role: access.Editor, Label: req.Label, MaxUses: req.MaxUses}
	if req.Role != "" {
		if terms.Role, err = access.ParseRole(req.Role); err != nil {
			return nil, &Error{BadRequest, "There is no role " + quote(req.Role) + "; a link gives viewer, commenter or editor. Nothing was changed."}
		}
	}
	if req.ExpiresAt != 0 {
		terms.Expires = time.UnixMilli(req.ExpiresAt)
	}
	l, err := d.MakeLink(ctx, terms)
	if err != nil {
		return nil, err
	}
	return s.describeLink(l), nil
}

func (s *Server) revokeLink(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[struct {
		ID     string `json:"id"`
		Link   string `json:"link"`
		Remove bool   `json:"remove"`
	}](s, body)
	if err != nil {
		return nil, err
	}
	op, err := wire.ParseOpID(req.Link)
	if err != nil {
		return nil, &Error{BadRequest, "This is not the id of a link: " + quote(req.Link) + ". Nothing was changed."}
	}
	if err := d.RevokeLink(ctx, op); err != nil {
		return nil, err
	}
	removed := 0
	if req.Remove {
		removed, err = d.Remove(ctx, node.RemoveOptions{Via: op, Unseen: node.DiscardUnseen})
		if err != nil && !errors.Is(err, node.ErrNoMember) {
			return nil, err
		}
	}
	return map[string]int{"removed": removed}, nil
}

func (s *Server) listRequests(_ context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	requests := []Request{}
	for _, r := range d.Requests() {
		requests = append(requests, Request{
			Device: r.Device.String(), Name: r.Name, Role: r.Role.String(), AskedAt: r.At.UnixMilli(),
		})
	}
	return map[string][]Request{"requests": requests}, nil
}
