package api

import (
	"context"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// memberRequest asks to change what a person may do in a document.
type memberRequest struct {
	ID            string `json:"id"`
	User          string `json:"user"`
	Device        string `json:"device"`
	Role          string `json:"role"`
	Card          string `json:"card"`
	DiscardUnseen bool   `json:"discardUnseen"`
}

// options says whom a request means: one device, or all of a person's.
func (r memberRequest) options() (node.RemoveOptions, error) {
	var opt node.RemoveOptions
	if r.DiscardUnseen {
		opt.Unseen = node.DiscardUnseen
	}
	var err error
	switch {
	case r.Device != "":
		opt.Device, err = wire.ParseDevice(r.Device)
	case r.User != "":
		opt.User, err = wire.ParseUserID(r.User)
	default:
		return opt, &Error{BadRequest, "The request names neither a person nor a device. Nothing was changed."}
	}
	if err != nil {
		return opt, &Error{BadRequest, "The request names no person and no device: " + err.Error() + ". Nothing was changed."}
	}
	return opt, nil
}

// memberRole reads a role that a person can be given.
func memberRole(name string) (access.Role, error) {
	role, err := access.ParseRole(name)
	if err != nil || role < access.Viewer {
		return 0, &Error{BadRequest, "There is no role " + quote(name) + "; a person is viewer, commenter, editor or owner. Nothing was changed."}
	}
	return role, nil
}

// inviteAnswer is who was let in, and where they open the document.
type inviteAnswer struct {
	User string `json:"user"`
	Link string `json:"link"` // without a secret: of use to that person only
	Web  string `json:"web"`
}

func (s *Server) invitePerson(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[memberRequest](s, body)
	if err != nil {
		return nil, err
	}
	role, err := memberRole(req.Role)
	if err != nil {
		return nil, err
	}
	card, err := identity.ParseCard(req.Card)
	if err != nil {
		return nil, err
	}
	guest := node.Invitee{User: card.User}
	for _, dev := range card.Devices {
		guest.Devices = append(guest.Devices, access.GrantDevice{
			Device: dev.Device, Seal: dev.Seal, Kind: access.DeviceKind(dev.Kind), Cert: append([]byte(nil), dev.Cert[:]...),
		})
	}
	link, err := d.Invite(ctx, guest, role)
	if err != nil {
		return nil, err
	}
	return inviteAnswer{User: card.User.String(), Link: link.String(), Web: s.webLink(link)}, nil
}

func (s *Server) setRole(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[memberRequest](s, body)
	if err != nil {
		return nil, err
	}
	role, err := memberRole(req.Role)
	if err != nil {
		return nil, err
	}
	opt, err := req.options()
	if err != nil {
		return nil, err
	}
	return struct{}{}, d.SetRole(ctx, opt, role)
}

func (s *Server) removePerson(ctx context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[memberRequest](s, body)
	if err != nil {
		return nil, err
	}
	opt, err := req.options()
	if err != nil {
		return nil, err
	}
	n, err := d.Remove(ctx, opt)
	if err != nil {
		return nil, err
	}
	return map[string]int{"removed": n}, nil
}

func (s *Server) leave(ctx context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	return struct{}{}, d.Leave(ctx)
}
