package api

import (
	"context"
)

// AsideGroup is what one author wrote that is kept and counts for nobody.
type AsideGroup struct {
	ID        string       `json:"id"`
	User      string       `json:"user"`
	Device    string       `json:"device"`
	Name      string       `json:"name"`
	Me        bool         `json:"me"` // written by this device
	Count     int          `json:"count"`
	At        int64        `json:"at"`        // unix ms: when this device noticed
	CanAccept bool         `json:"canAccept"` // this device is an owner's and may accept them
	Entries   []AsideEntry `json:"entries"`   // the first of them
}

// AsideEntry is one edit.
type AsideEntry struct {
	At   int64  `json:"at"`
	Text string `json:"text"` // what it would have inserted
}

// asideRequest names a document and a group of edits.
type asideRequest struct {
	ID    string `json:"id"`
	Group string `json:"group"`
}

func (s *Server) asideList(_ context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[asideRequest](s, body)
	if err != nil {
		return nil, err
	}
	groups := []AsideGroup{}
	for _, g := range d.Aside() {
		at := g.Noticed.UnixMilli()
		out := AsideGroup{
			ID: g.ID, User: g.User.String(), Device: g.Device.String(), Name: d.NameOf(g.Device),
			Me: g.Device == s.cfg.Node.Device(), Count: g.Count, At: at, CanAccept: g.CanAccept, Entries: []AsideEntry{},
		}
		for _, e := range g.Entries {
			out.Entries = append(out.Entries, AsideEntry{At: at, Text: e.Text})
		}
		groups = append(groups, out)
	}
	return map[string][]AsideGroup{"groups": groups}, nil
}

func (s *Server) asideAccept(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[asideRequest](s, body)
	if err != nil {
		return nil, err
	}
	if err := d.AcceptAside(ctx, req.Group); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}
