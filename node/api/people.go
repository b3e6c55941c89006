package api

import (
	"context"
	"strings"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Person is a member of a document with all devices.
type Person struct {
	User     string         `json:"user"`
	Name     string         `json:"name"`
	Label    string         `json:"label"`
	Me       bool           `json:"me"`
	Verified bool           `json:"verified"`
	Code     string         `json:"code"` // to compare; "" for oneself
	Role     string         `json:"role"`
	Devices  []PersonDevice `json:"devices"`
}

// PersonDevice is a device of a member.
type PersonDevice struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Kind     string `json:"kind"` // paper, node or browser
	Role     string `json:"role"`
	Me       bool   `json:"me"`
	LastSeen int64  `json:"lastSeen"` // unix ms; 0: never
	Online   bool   `json:"online"`
	AddedAt  int64  `json:"addedAt"` // unix ms
	Via      string `json:"via"`     // the link it came by, or ""
}

// OwnDevice is a device of the user.
type OwnDevice struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Me       bool   `json:"me"`
	AddedAt  int64  `json:"addedAt"`
	LastSeen int64  `json:"lastSeen"`
	Online   bool   `json:"online"`
}

// OwnDevices is what devices.list answers.
type OwnDevices struct {
	User     string      `json:"user"`
	Recovery Recovery    `json:"recovery"`
	Devices  []OwnDevice `json:"devices"`
}

// Recovery says whether recovery words exist.
type Recovery struct {
	Exists    bool  `json:"exists"`
	CreatedAt int64 `json:"createdAt"`
}

// Contact is someone the user knows.
type Contact struct {
	User     string `json:"user"`
	Name     string `json:"name"`
	Verified bool   `json:"verified"`
	Devices  int    `json:"devices"`
}

// Pairing says how adding a device stands.
type Pairing struct {
	Number  uint64 `json:"number"` // tells it from others since the node started
	State   string `json:"state"`  // waiting, confirm, working, done, failed, or "" for none
	Role    string `json:"role"`   // old or new
	Name    string `json:"name"`
	Device  string `json:"device"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func kindName(k access.DeviceKind) string {
	switch k {
	case access.DevicePaper:
		return "paper"
	case access.DeviceBrowser:
		return "browser"
	}
	return "node"
}

func (s *Server) listPeople(_ context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	list, me := d.People()
	people := make([]Person, 0, len(list))
	for _, p := range list {
		out := Person{
			User: p.User.String(), Name: p.Name, Label: p.Label, Me: p.Me, Verified: p.Verified, Code: p.Code,
			Role: p.Role.String(), Devices: []PersonDevice{},
		}
		for _, dev := range p.Devices {
			one := PersonDevice{
				Device: dev.Device.String(), Name: dev.Name, Kind: kindName(dev.Kind), Role: dev.Role.String(), Me: dev.Me,
				LastSeen: millis(dev.LastSeen), Online: dev.Online, AddedAt: millis(dev.AddedAt),
			}
			if !dev.Via.IsZero() {
				one.Via = dev.Via.String()
			}
			out.Devices = append(out.Devices, one)
		}
		people = append(people, out)
	}
	return struct {
		People []Person `json:"people"`
		Me     string   `json:"me"`
	}{people, me.String()}, nil
}

func (s *Server) verifyPerson(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		User     string `json:"user"`
		Verified bool   `json:"verified"`
	}](body)
	if err != nil {
		return nil, err
	}
	user, err := wire.ParseUserID(req.User)
	if err != nil {
		return nil, &Error{BadRequest, "This is not a person's id: " + quote(req.User) + "."}
	}
	return struct{}{}, s.cfg.Node.Verify(ctx, user, req.Verified)
}

func (s *Server) ownCard(context.Context, []byte) (any, error) {
	card, err := s.cfg.Node.Card()
	if err != nil {
		return nil, err
	}
	text, err := card.Text()
	if err != nil {
		return nil, err
	}
	return map[string]string{"card": text, "user": card.User.String(), "name": s.cfg.Node.Name()}, nil
}

func (s *Server) listContacts(context.Context, []byte) (any, error) {
	contacts := []Contact{}
	for _, c := range s.cfg.Node.Contacts() {
		contacts = append(contacts, describeContact(c))
	}
	return map[string][]Contact{"contacts": contacts}, nil
}

func describeContact(c node.Contact) Contact {
	return Contact{User: c.User.String(), Name: c.Name, Verified: c.Verified, Devices: c.Devices}
}

func (s *Server) addContact(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Card string `json:"card"`
		Name string `json:"name"`
	}](body)
	if err != nil {
		return nil, err
	}
	card, err := identity.ParseCard(req.Card)
	if err != nil {
		return nil, err
	}
	c, err := s.cfg.Node.AddContact(ctx, card, strings.TrimSpace(req.Name))
	if err != nil {
		return nil, err
	}
	return describeContact(c), nil
}

func (s *Server) listDevices(context.Context, []byte) (any, error) {
	list, words := s.cfg.Node.OwnDevices()
	return OwnDevices{
		User: s.cfg.Node.UserID().String(), Recovery: Recovery{Exists: !words.IsZero(), CreatedAt: millis(words)},
		Devices: describeOwn(list),
	}, nil
}

func describeOwn(list []node.OwnDevice) []OwnDevice {
	out := []OwnDevice{}
	for _, d := range list {
		out = append(out, OwnDevice{
			Device: d.Device.String(), Name: d.Name, Kind: kindName(d.Kind), Me: d.Me,
			AddedAt: millis(d.AddedAt), LastSeen: millis(d.LastSeen), Online: d.Online,
		})
	}
	return out
}

func (s *Server) pairDevice(ctx context.Context, _ []byte) (any, error) {
	offer, err := s.cfg.Node.Pair(ctx)
	if err != nil {
		return nil, err
	}
	return struct {
		Link      string `json:"link"`
		ExpiresAt int64  `json:"expiresAt"`
		Number    uint64 `json:"number"`
	}{offer.Link.String(), offer.Until.UnixMilli(), offer.Number}, nil
}

func (s *Server) confirmDevice(_ context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Accept bool `json:"accept"`
	}](body)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.cfg.Node.ConfirmPairing(req.Accept)
}

func (s *Server) cancelPairing(_ context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Number uint64 `json:"number"`
	}](body)
	if err != nil {
		return nil, err
	}
	s.cfg.Node.CancelPairing(req.Number)
	return struct{}{}, nil
}

func (s *Server) joinPairing(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Link string `json:"link"`
		Name string `json:"name"`
	}](body)
	if err != nil {
		return nil, err
	}
	link, err := identity.ParsePairLink(req.Link)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.cfg.Node.JoinPairing(ctx, link, strings.TrimSpace(req.Name))
}

func (s *Server) pairingNow(context.Context, []byte) (any, error) { return s.pairingStatus(), nil }

func (s *Server) pairingStatus() Pairing {
	st := s.cfg.Node.PairingStatus()
	if st.State == "" {
		return Pairing{}
	}
	out := Pairing{Number: st.Number, State: string(st.State), Role: st.Role.String(), Name: st.Name, Code: st.Code}
	if !st.Device.IsZero() {
		out.Device = st.Device.String()
	}
	if st.Err != nil {
		out.Message = toError(st.Err).Message
	}
	return out
}

func (s *Server) revokeDevice(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Device string `json:"device"`
	}](body)
	if err != nil {
		return nil, err
	}
	device, err := wire.ParseDevice(req.Device)
	if err != nil {
		return nil, &Error{BadRequest, "This is not a device: " + quote(req.Device) + "."}
	}
	removed, kept, err := s.cfg.Node.RevokeDevice(ctx, device)
	if err != nil {
		return nil, err
	}
	return map[string]int{"documents": removed, "kept": kept}, nil
}

func (s *Server) createRecovery(ctx context.Context, _ []byte) (any, error) {
	words, err := s.cfg.Node.CreateRecovery(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"words": words}, nil
}

// recoverRequest is what recovery.restore and recovery.devices are given.
type recoverRequest struct {
	Words  string   `json:"words"`
	Revoke []string `json:"revoke"`
	Hints  []string `json:"hints"`
}

func (r *recoverRequest) options() (node.RecoverOptions, error) {
	opt := node.RecoverOptions{Hints: r.Hints}
	var err error
	if opt.Secret, err = identity.ParseWords(r.Words); err != nil {
		return opt, err
	}
	for _, text := range r.Revoke {
		device, err := wire.ParseDevice(text)
		if err != nil {
			return opt, &Error{BadRequest, "This is not a device: " + quote(text) + "."}
		}
		opt.Revoke = append(opt.Revoke, device)
	}
	for _, hint := range r.Hints {
		if node.ParseHint(hint) != nil {
			return opt, &Error{BadRequest, "This is neither an address nor a link to a document: " + quote(hint) + "."}
		}
	}
	return opt, nil
}

// recoverOptions reads a request that comes with recovery words.
func recoverOptions(body []byte) (node.RecoverOptions, error) {
	req, err := decode[recoverRequest](body)
	if err != nil {
		return node.RecoverOptions{}, err
	}
	return req.options()
}

func (s *Server) restoreRecovery(ctx context.Context, body []byte) (any, error) {
	opt, err := recoverOptions(body)
	if err != nil {
		return nil, err
	}
	done, err := s.cfg.Node.Recover(ctx, opt)
	if err != nil {
		return nil, err
	}
	return map[string]int{"documents": done.Documents, "missing": done.Missing, "revoked": done.Revoked}, nil
}

func (s *Server) recoverableDevices(ctx context.Context, body []byte) (any, error) {
	opt, err := recoverOptions(body)
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Node.Recoverable(ctx, opt)
	if err != nil {
		return nil, err
	}
	return map[string][]OwnDevice{"devices": describeOwn(list)}, nil
}
