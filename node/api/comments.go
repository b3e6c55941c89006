package api

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Thread is what was said about one passage.
type Thread struct {
	ID         string    `json:"id"`
	Anchor     Anchor    `json:"anchor"`
	Quote      string    `json:"quote"`
	Resolved   bool      `json:"resolved"`
	ResolvedBy string    `json:"resolvedBy"` // device, or ""
	Missing    bool      `json:"missing"`    // the first comment is not here or does not count
	Comments   []Comment `json:"comments"`
}

// Anchor is a passage: two Yjs relative positions in base64.
type Anchor struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Comment is a comment or a reply.
type Comment struct {
	ID       string   `json:"id"`
	User     string   `json:"user"`
	Device   string   `json:"device"`
	Name     string   `json:"name"`
	Me       bool     `json:"me"` // written by a device of this user
	Text     string   `json:"text"`
	At       int64    `json:"at"`       // unix ms
	EditedAt int64    `json:"editedAt"` // unix ms, or 0
	Deleted  bool     `json:"deleted"`
	Mentions []string `json:"mentions"`
}

// commentRequest is a request of any of the methods for comments.
type commentRequest struct {
	ID       string   `json:"id"`
	Thread   string   `json:"thread"`
	Comment  string   `json:"comment"`
	Anchor   Anchor   `json:"anchor"`
	Quote    string   `json:"quote"`
	Text     string   `json:"text"`
	Mentions []string `json:"mentions"`
	Resolved bool     `json:"resolved"`
}

// onComments reads a request and finds its document.
func (s *Server) onComments(body []byte) (*node.Document, commentRequest, error) {
	req, err := decode[commentRequest](body)
	if err != nil {
		return nil, req, err
	}
	d, err := s.document(req.ID)
	return d, req, err
}

func (s *Server) commentsList(_ context.Context, body []byte) (any, error) {
	d, _, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	return map[string][]Thread{"threads": threads(d)}, nil
}

func threads(d *node.Document) []Thread {
	list := d.Threads()
	out := make([]Thread, 0, len(list))
	for i := range list {
		out = append(out, thread(d, &list[i]))
	}
	return out
}

func thread(d *node.Document, t *comments.Thread) Thread {
	out := Thread{
		ID: t.ID.String(), Quote: t.Quote, Resolved: t.Resolved, Missing: t.Missing,
		Anchor: Anchor{
			From: base64.StdEncoding.EncodeToString(t.Anchor.From),
			To:   base64.StdEncoding.EncodeToString(t.Anchor.To),
		},
	}
	if !t.ResolvedBy.IsZero() {
		out.ResolvedBy = t.ResolvedBy.String()
	}
	for _, c := range t.Comments {
		one := Comment{
			ID: c.ID.String(), User: c.Author.User.String(), Device: c.Device.String(), Name: d.NameOf(c.Device),
			Me: d.Own(c), Text: c.Text, At: c.At.UnixMilli(), EditedAt: millis(c.Edited), Deleted: c.Deleted,
			Mentions: []string{},
		}
		for _, u := range c.Mentions {
			one.Mentions = append(one.Mentions, u.String())
		}
		out.Comments = append(out.Comments, one)
	}
	return out
}

// millis is a time in unix milliseconds, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (s *Server) commentsAdd(ctx context.Context, body []byte) (any, error) {
	d, req, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	anchor, err := parseAnchor(req.Anchor)
	if err != nil {
		return nil, err
	}
	mentions, err := parseUsers(req.Mentions)
	if err != nil {
		return nil, err
	}
	id, err := d.Comment(ctx, anchor, req.Quote, req.Text, mentions)
	if err != nil {
		return nil, err
	}
	return oneThread(d, id)
}

func (s *Server) commentsReply(ctx context.Context, body []byte) (any, error) {
	d, req, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	id, err := parseEntry(req.Thread)
	if err != nil {
		return nil, err
	}
	mentions, err := parseUsers(req.Mentions)
	if err != nil {
		return nil, err
	}
	if _, err := d.Reply(ctx, id, req.Text, mentions); err != nil {
		return nil, err
	}
	return oneThread(d, id)
}

func (s *Server) commentsEdit(ctx context.Context, body []byte) (any, error) {
	d, req, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	id, err := parseEntry(req.Comment)
	if err != nil {
		return nil, err
	}
	mentions, err := parseUsers(req.Mentions)
	if err != nil {
		return nil, err
	}
	return struct{}{}, d.EditComment(ctx, id, req.Text, mentions)
}

func (s *Server) commentsDelete(ctx context.Context, body []byte) (any, error) {
	d, req, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	id, err := parseEntry(req.Comment)
	if err != nil {
		return nil, err
	}
	return struct{}{}, d.DeleteComment(ctx, id)
}

func (s *Server) commentsResolve(ctx context.Context, body []byte) (any, error) {
	d, req, err := s.onComments(body)
	if err != nil {
		return nil, err
	}
	id, err := parseEntry(req.Thread)
	if err != nil {
		return nil, err
	}
	return struct{}{}, d.Resolve(ctx, id, req.Resolved)
}

// oneThread answers with a thread as it reads now.
func oneThread(d *node.Document, id wire.EntryID) (any, error) {
	list := d.Threads()
	for i := range list {
		if list[i].ID == id {
			return thread(d, &list[i]), nil
		}
	}
	return nil, node.ErrNoComment
}

func parseAnchor(a Anchor) (comments.Anchor, error) {
	from, errFrom := base64.StdEncoding.DecodeString(a.From)
	to, errTo := base64.StdEncoding.DecodeString(a.To)
	if errFrom != nil || errTo != nil {
		return comments.Anchor{}, &Error{BadRequest, "The place of the comment is not in base64. Nothing was changed."}
	}
	return comments.Anchor{From: from, To: to}, nil
}

func parseEntry(s string) (wire.EntryID, error) {
	id, err := wire.ParseEntryID(s)
	if err != nil {
		return id, &Error{BadRequest, "This is not the id of a comment: " + quote(s) + "."}
	}
	return id, nil
}

func parseUsers(list []string) ([]wire.UserID, error) {
	var users []wire.UserID
	for _, s := range list {
		u, err := wire.ParseUserID(s)
		if err != nil {
			return nil, &Error{BadRequest, "This is not a user: " + quote(s) + "."}
		}
		users = append(users, u)
	}
	return users, nil
}
