package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Document describes a document to a caller.
type Document struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	CreatedAt int64    `json:"createdAt"` // unix ms
	UpdatedAt int64    `json:"updatedAt"` // unix ms
	Trashed   bool     `json:"trashed"`
	State     string   `json:"state"`
	Role      string   `json:"role"`
	Waiting   bool     `json:"waiting"` // writes as a guest: no member has let this device in yet
	Left      bool     `json:"left"`    // removed, and by this device's own choice
	Refused   bool     `json:"refused"` // the link it was joined by lets nobody in, as far as is known
	Here      bool     `json:"here"`
	Others    []Holder `json:"others"`
	Peers     int      `json:"peers"`
	Withheld  int      `json:"withheld"`          // entries known to exist that no one delivers
	Aside     int      `json:"aside"`             // edits that are kept and count for nobody
	Forked    bool     `json:"forked"`            // another copy of this device's key has written in it
	Message   string   `json:"message,omitempty"` // why it is not ready, for people
	Held      int      `json:"held,omitempty"`    // other devices known to hold all that is here; in the list only when asked for
	Hash      string   `json:"hash,omitempty"`    // state hash; in the list only when asked for
}

// Holder is another device that keeps edits of this one durably.
type Holder struct {
	Device   string `json:"device"`
	Name     string `json:"name"`
	Complete bool   `json:"complete"`
	Through  uint64 `json:"through,omitempty"`
}

// Status describes the node.
type Status struct {
	Device  string      `json:"device"`
	Name    string      `json:"name"`
	Offline bool        `json:"offline"`
	Peers   int         `json:"peers"`
	Store   StoreStatus `json:"store"`
	Stats   node.Stats  `json:"stats"`
	Version string      `json:"version"`
}

// StoreStatus describes the store.
type StoreStatus struct {
	State   string `json:"state"`
	Message string `json:"message"`
}

type idRequest struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Trashed bool   `json:"trashed"`
	Format  string `json:"format"`
}

func (s *Server) document(id string) (*node.Document, error) {
	doc, err := wire.ParseDocID(id)
	if err != nil {
		return nil, &Error{BadRequest, "This is not a document id: " + quote(id) + "."}
	}
	return s.cfg.Node.Document(doc)
}

func (s *Server) list(_ context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Hash bool `json:"hash"`
		Held bool `json:"held"`
	}](body)
	if err != nil {
		return nil, err
	}
	docs := []Document{}
	for _, d := range s.cfg.Node.Documents() {
		if s.cfg.Node.IsHome(d.ID()) {
			continue // belongs to the user, and to no list
		}
		out := describe(d)
		if req.Held {
			out.Held = d.Elsewhere()
		}
		if req.Hash {
			h, err := d.StateHash()
			if err != nil {
				return nil, err
			}
			out.Hash = fmt.Sprintf("%x", h)
		}
		docs = append(docs, out)
	}
	return map[string][]Document{"documents": docs}, nil
}

func describe(d *node.Document) Document {
	info := d.Info()
	out := Document{
		ID: info.ID.String(), Title: info.Title, Trashed: info.Trashed,
		CreatedAt: info.Created.UnixMilli(), UpdatedAt: info.Updated.UnixMilli(),
		State: string(info.State), Role: info.Role.String(), Waiting: info.Waiting,
		Here:   info.State == node.StateReady || info.State == node.StateRemoved || info.Waiting,
		Others: holders(info.Others), Peers: info.Peers, Withheld: info.Withheld,
	}
	out.Aside, out.Left, out.Forked = info.Aside, info.Left, info.Forked
	if info.State == node.StateRemoved {
		out.Role = "none"
	}
	switch {
	case info.State == node.StateRemoved && info.Left:
		out.Message = "You have left this document. What is on this device stays here: you can read, copy and export it."
	case info.State == node.StateRemoved:
		out.Message = "You no longer have access to this document. What is on this device stays here: you can read, copy and export it. Edits you made since are kept, and an owner can accept them."
	case info.State == node.StateJoining:
		out.Message, out.Refused = joinMessage(d)
	case info.State == node.StateDamaged:
		out.Message = "Part of this document is missing on this device. It is filled again as soon as a device that has it is reachable."
	}
	return out
}

// joinMessage tells a person why a document that was joined is not ready, and
// whether it will not become so by this link.
func joinMessage(d *node.Document) (message string, final bool) {
	guest, waiting := d.Guest()
	err := d.JoinError()
	refused := errors.Is(err, node.ErrLinkRefused)
	switch {
	case waiting && guest.Link == node.LinkOpen && refused:
		return "A member was reached and does not take this link any more: it may have been revoked, have expired, or be used up. What you wrote is kept on this device and can be exported. Ask for another link to go on.", true
	case waiting && guest.Link == node.LinkOpen && guest.Role >= access.Editor:
		return "You can write now; others see it once a member has let this device in. Keep Sheaf running, here and there.", false
	case waiting && guest.Link == node.LinkOpen && guest.Role == access.Commenter:
		return "You can comment now; others see it once a member has let this device in. Keep Sheaf running, here and there.", false
	case waiting && guest.Link == node.LinkOpen:
		return "You can read now; a member has yet to let this device in. Keep Sheaf running, here and there.", false
	case waiting:
		return "The link " + linkEnd[guest.Link] + " before a member let this device in. What came with it can be read here; what you wrote is kept on this device and can be exported. Ask for another link to go on.", true
	case refused:
		return "A member was reached and does not take this link: it may have been revoked, have expired, or be used up. Nothing else was changed. Ask for another link.", true
	case err != nil:
		return "No member could be reached yet: " + err.Error(), false
	}
	return "Waiting for a member to let this device in.", false
}

// linkEnd says what became of a link.
var linkEnd = map[node.LinkState]string{
	node.LinkClosed: "was closed", node.LinkExpired: "has expired", node.LinkUsed: "was used up", node.LinkRevoked: "was revoked",
}

func holders(list []node.Holder) []Holder {
	out := make([]Holder, 0, len(list))
	for _, h := range list {
		out = append(out, Holder{Device: h.Device.String(), Name: h.Name, Complete: h.Complete, Through: h.Through})
	}
	return out
}

func (s *Server) create(ctx context.Context, body []byte) (any, error) {
	req, err := decode[idRequest](body)
	if err != nil {
		return nil, err
	}
	d, err := s.cfg.Node.Create(ctx, strings.TrimSpace(req.Title))
	if err != nil {
		return nil, err
	}
	return describe(d), nil
}

func (s *Server) rename(ctx context.Context, body []byte) (any, error) {
	return s.change(body, func(d *node.Document, req idRequest) error {
		return d.Rename(ctx, strings.TrimSpace(req.Title))
	})
}

func (s *Server) trash(ctx context.Context, body []byte) (any, error) {
	return s.change(body, func(d *node.Document, req idRequest) error {
		return d.Trash(ctx, req.Trashed)
	})
}

func (s *Server) change(body []byte, f func(*node.Document, idRequest) error) (any, error) {
	req, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	if err := f(d, req); err != nil {
		return nil, err
	}
	return describe(d), nil
}

func (s *Server) share(ctx context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	link, err := d.Share(ctx)
	if err != nil {
		return nil, err
	}
	answer := map[string]string{"link": link.String(), "role": access.Editor.String()}
	if s.cfg.Origin != nil {
		answer["web"] = link.Web(s.cfg.Origin())
	}
	return answer, nil
}

func (s *Server) join(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Link string `json:"link"`
	}](body)
	if err != nil {
		return nil, err
	}
	link, err := access.ParseLink(req.Link)
	if err != nil {
		return nil, err
	}
	d, err := s.cfg.Node.Join(ctx, link)
	if err != nil {
		return nil, err
	}
	return describe(d), nil
}

func (s *Server) export(_ context.Context, body []byte) (any, error) {
	req, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	content, err := exported(d, req.Format)
	if err != nil {
		return nil, err
	}
	// Whoever takes a copy along misses nothing they wrote themselves.
	late, edits := d.LateText()
	if strings.TrimSpace(late) != "" {
		content = withLate(content, req.Format, late)
	}
	return exportAnswer{content, lateEdits{edits, late}}, nil
}

// exportAnswer is a document in another format.
type exportAnswer struct {
	Content string    `json:"content"`
	Late    lateEdits `json:"late"`
}

// lateEdits is what this device wrote and others do not see; it is in the
// content as well.
type lateEdits struct {
	Count int    `json:"count"`
	Text  string `json:"text"`
}

// exported renders a document: "txt" is what a reader sees, a line a block;
// "json" is every root of the document.
func exported(d *node.Document, format string) (string, error) {
	switch format {
	case "txt", "":
		return d.PlainText(), nil
	case "json":
		b, err := d.JSON()
		return string(b), err
	}
	return "", &Error{BadRequest, "There is no export format " + quote(format) + "; there are txt and json."}
}

// withLate puts late text under the document, or beside its roots.
func withLate(content, format, late string) string {
	if format == "json" {
		if b, err := json.Marshal(late); err == nil {
			return strings.TrimSuffix(content, "}") + `,"late":` + string(b) + "}"
		}
	}
	late = strings.Trim(late, "\n") + "\n"
	if content = strings.TrimRight(content, "\n"); content == "" {
		return late
	}
	return content + "\n\n" + late
}

func (s *Server) status(context.Context, []byte) (any, error) { return s.statusNow(), nil }

func (s *Server) statusNow() Status {
	n := s.cfg.Node
	st := Status{
		Device: n.Device().String(), Name: n.Name(), Offline: n.Offline(), Peers: n.Peers(),
		Store: StoreStatus{State: "ok"}, Stats: n.Stats(), Version: s.cfg.Version,
	}
	if s.cfg.Store != nil {
		st.Store.State, st.Store.Message = s.cfg.Store.Health()
	}
	return st
}

func (s *Server) setNetwork(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Offline bool `json:"offline"`
	}](body)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Node.SetOffline(ctx, req.Offline); err != nil {
		return nil, err
	}
	return s.statusNow(), nil
}

func (s *Server) setProfile(ctx context.Context, body []byte) (any, error) {
	req, err := decode[struct {
		Name string `json:"name"`
	}](body)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Node.SetName(ctx, strings.TrimSpace(req.Name)); err != nil {
		return nil, err
	}
	return s.statusNow(), nil
}

// message is one event as JSON.
func message(v any) ([]byte, error) { return json.Marshal(v) }
