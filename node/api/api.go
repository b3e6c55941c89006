// Package api is what a page or a command may ask of a node, over any
// carrier: requests by method name with JSON bodies, a stream of events, and
// the editor connection, which leases a session and then speaks the
// y-protocols.
//
// A [Server] answers for one node. It knows nothing of HTTP, cookies or
// message ports; those belong to the carriers (node/api/local, wasm), which
// also decide who may call. Every error that leaves this package is an
// [*Error] with a code for programs and a message for people.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
)

// Store reports the health of the node's store; nil means "ok".
type Store interface {
	// Health returns a state (ok, full, failing, repaired) and, for people,
	// what happened and what to do.
	Health() (state, message string)
}

// Config says what a Server answers for.
type Config struct {
	Node *node.Node // required
	// Store reports on the store. Nil: always "ok".
	Store Store
	// Origin returns the page's origin for links that open in a browser on
	// this device, like "http://127.0.0.1:4040". Nil: no such links.
	Origin func() string
	// Backup writes an encrypted backup of all this node holds. Nil: none is made.
	Backup func(ctx context.Context, passphrase string, w io.Writer) error
	// Version of the program, shown in the status.
	Version string
}

// Server answers requests for one node. It is safe for concurrent use.
type Server struct{ cfg Config }

// New makes a Server.
func New(cfg Config) *Server { return &Server{cfg: cfg} }

// maxRequestBytes bounds the body of one request.
const maxRequestBytes = 64 << 10

// methods is every request there is.
var methods = map[string]func(*Server, context.Context, []byte) (any, error){
	"documents.list":   (*Server).list,
	"documents.create": (*Server).create,
	"documents.rename": (*Server).rename,
	"documents.trash":  (*Server).trash,
	"documents.share":  (*Server).share,
	"documents.join":   (*Server).join,
	"documents.export": (*Server).export,
	"documents.info":   (*Server).info,
	"documents.leave":  (*Server).leave,
	"people.invite":    (*Server).invitePerson,
	"people.role":      (*Server).setRole,
	"people.remove":    (*Server).removePerson,
	"aside.list":       (*Server).asideList,
	"aside.accept":     (*Server).asideAccept,
	"comments.list":    (*Server).commentsList,
	"comments.add":     (*Server).commentsAdd,
	"comments.reply":   (*Server).commentsReply,
	"comments.edit":    (*Server).commentsEdit,
	"comments.delete":  (*Server).commentsDelete,
	"comments.resolve": (*Server).commentsResolve,
	"links.list":       (*Server).listLinks,
	"links.create":     (*Server).createLink,
	"links.revoke":     (*Server).revokeLink,
	"requests.list":    (*Server).listRequests,
	"people.list":      (*Server).listPeople,
	"people.verify":    (*Server).verifyPerson,
	"contacts.card":    (*Server).ownCard,
	"contacts.list":    (*Server).listContacts,
	"contacts.add":     (*Server).addContact,
	"devices.list":     (*Server).listDevices,
	"devices.pair":     (*Server).pairDevice,
	"devices.confirm":  (*Server).confirmDevice,
	"devices.cancel":   (*Server).cancelPairing,
	"devices.join":     (*Server).joinPairing,
	"devices.pairing":  (*Server).pairingNow,
	"devices.revoke":   (*Server).revokeDevice,
	"recovery.create":  (*Server).createRecovery,
	"recovery.restore": (*Server).restoreRecovery,
	"recovery.devices": (*Server).recoverableDevices,
	"status":           (*Server).status,
	"network.set":      (*Server).setNetwork,
	"profile.set":      (*Server).setProfile,
}

// Handle answers one request with JSON. The error is an [*Error].
func (s *Server) Handle(ctx context.Context, method string, body []byte) ([]byte, error) {
	return handle(ctx, method, body, methods, s)
}

// handle answers one request by the method of that name.
func handle[T any](ctx context.Context, method string, body []byte, methods map[string]func(T, context.Context, []byte) (any, error), to T) ([]byte, error) {
	f, ok := methods[method]
	if !ok {
		return nil, &Error{Code: NotFound, Message: "There is no request named " + quote(method) + "."}
	}
	if len(body) > maxRequestBytes {
		return nil, &Error{Code: BadRequest, Message: "The request is larger than 64 KiB. Nothing was changed."}
	}
	answer, err := f(to, ctx, body)
	if err != nil {
		return nil, toError(err)
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return nil, toError(err)
	}
	return out, nil
}

// Download streams a file: "backup", with {"passphrase"}. The error is an [*Error].
func (s *Server) Download(ctx context.Context, name string, body []byte, w io.Writer) error {
	if name != "backup" || s.cfg.Backup == nil {
		return &Error{Code: NotFound, Message: "There is no file named " + quote(name) + "."}
	}
	req, err := decode[struct {
		Passphrase string `json:"passphrase"`
	}](body)
	if err != nil {
		return err
	}
	if len(req.Passphrase) < identity.MinPassphraseBytes || len(req.Passphrase) > identity.MaxPassphraseBytes {
		return toError(identity.ErrPassphraseLength)
	}
	if err := s.cfg.Backup(ctx, req.Passphrase, w); err != nil {
		return toError(err)
	}
	return nil
}

// decode reads a request body strictly.
func decode[T any](body []byte) (T, error) {
	var v T
	if len(body) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, &Error{Code: BadRequest, Message: "The request is not valid JSON of the expected shape. Nothing was changed."}
	}
	return v, nil
}

// decodeFor reads the body of a request that is about one document, and finds
// the document that its field id names.
func decodeFor[T any](s *Server, body []byte) (T, *node.Document, error) {
	req, err := decode[T](body)
	if err != nil {
		return req, nil, err
	}
	about, err := decode[struct {
		ID string `json:"id"`
	}](body)
	if err != nil {
		return req, nil, err
	}
	d, err := s.document(about.ID)
	return req, d, err
}

// quote shortens what a caller sent for an error message.
func quote(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	b, _ := json.Marshal(s)
	return string(b)
}

// asError finds an *Error in a chain.
func asError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
