package api

import (
	"context"
	"errors"
	"strings"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/identity"
)

// Code names an error for programs.
type Code string

// The codes.
const (
	BadRequest   Code = "bad_request"
	Unauthorized Code = "unauthorized"
	Forbidden    Code = "forbidden"
	NotFound     Code = "not_found"
	ReadOnly     Code = "read_only"
	Full         Code = "full"
	Offline      Code = "offline"
	LinkInvalid  Code = "link_invalid"
	Unavailable  Code = "unavailable"
	Internal     Code = "internal"
	Locked       Code = "locked"
	Unseen       Code = "unseen"
	Removed      Code = "removed"
)

// Error is what a caller gets: a code, and for people what happened, what was
// kept and what to do next.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// toError maps the errors of the node to codes. It is the only place that
// does, in this direction.
func toError(err error) *Error {
	if e, ok := asError(err); ok {
		return e
	}
	if e := peopleError(err); e != nil {
		return e
	}
	switch {
	case errors.Is(err, node.ErrNoDocument):
		return &Error{NotFound, "This device has no such document. It may have been made on another device: open its link here."}
	case errors.Is(err, node.ErrJoining):
		return &Error{Unavailable, "This document is not open to this device yet: no member has let it in. Keep Sheaf running; it goes on trying."}
	case errors.Is(err, node.ErrNoLink):
		return &Error{NotFound, "This document has no such link. Nothing was changed."}
	case errors.Is(err, node.ErrLinkTerms):
		return &Error{BadRequest, sentence(err) + " Nothing was changed."}
	case errors.Is(err, node.ErrUnseen):
		return &Error{Unseen, "This person has written something that has not arrived on this device. Nothing was changed. Wait until it has, or remove them anyway: it is then set aside when it arrives, and can still be accepted."}
	case errors.Is(err, node.ErrNoMember):
		return &Error{NotFound, "They are not a member of this document, or not any more. Nothing was changed."}
	case errors.Is(err, node.ErrMayNotEnd):
		return &Error{Forbidden, "This device may not do that: only owners remove people or lower their role, an owner only by those who were owners before them, and the document's creator by nobody. Nothing was changed."}
	case errors.Is(err, node.ErrOneself):
		return &Error{BadRequest, "This is you. Nothing was changed. To give up your own role, leave the document."}
	case errors.Is(err, node.ErrLastOwner):
		return &Error{Forbidden, "This device is the only owner. Nothing was changed. Make someone else an owner first, or move the document to the trash."}
	case errors.Is(err, node.ErrCannotLeave):
		return &Error{Forbidden, "This device cannot leave by itself: it has made more changes of access than count, so what it wrote could not be kept for the others. Nothing was changed. Ask an owner to remove it."}
	case errors.Is(err, node.ErrRemoved):
		return &Error{Removed, "This device has no access to the document any more. What is here can be read and exported."}
	case errors.Is(err, access.ErrRole):
		return &Error{Forbidden, "This device's role does not allow that: ask an owner. Nothing was changed."}
	case errors.Is(err, node.ErrReadOnly):
		return &Error{ReadOnly, sentence(err)}
	case errors.Is(err, node.ErrNoAside):
		return &Error{NotFound, "These edits are not set aside any more. Nothing was changed."}
	case errors.Is(err, node.ErrWeaker):
		return &Error{Forbidden, "These edits cannot be accepted from this device: an owner who was here earlier has ended their author's role. They are kept; ask that owner, or copy their text."}
	case errors.Is(err, node.ErrNoKey):
		return &Error{Unavailable, "The keys of this document are being renewed after someone was removed. Your comment is kept in this page: send it again in a moment."}
	case errors.Is(err, node.ErrNoComment):
		return &Error{NotFound, sentence(err)}
	case errors.Is(err, comments.ErrRecord):
		return &Error{BadRequest, "The comment was not taken: " + strings.TrimPrefix(err.Error(), comments.ErrRecord.Error()+": ") + "."}
	case errors.Is(err, node.ErrWrongClient), errors.Is(err, node.ErrBadUpdate), errors.Is(err, node.ErrTitle):
		return &Error{BadRequest, sentence(err)}
	case errors.Is(err, node.ErrFull):
		return &Error{Full, "The disk is full. Nothing was changed, and nothing stored is lost. Free some space on this device and try again."}
	case errors.Is(err, node.ErrBusy):
		return &Error{Full, sentence(err) + " Newer ones are kept in this page and tried again."}
	case errors.Is(err, node.ErrTooMany):
		return &Error{Unavailable, sentence(err)}
	case errors.Is(err, node.ErrSessionOver):
		return &Error{Unavailable, "This editing session has ended. The page starts a new one and keeps what you wrote."}
	case errors.Is(err, node.ErrNoNetwork):
		return &Error{Offline, "This node runs without a network, so it cannot join a document."}
	case errors.Is(err, node.ErrClosed):
		return &Error{Unavailable, "Sheaf is shutting down on this device. What was shown as on this device is kept."}
	case errors.Is(err, access.ErrLink):
		return &Error{LinkInvalid, "This link cannot be used: " + strings.TrimPrefix(err.Error(), access.ErrLink.Error()+": ") + ". Nothing was changed."}
	case errors.Is(err, identity.ErrPassphraseLength):
		return &Error{BadRequest, sentence(identity.ErrPassphraseLength) + " Nothing was changed."}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Unavailable, "The store did not answer in time. It goes on trying; look again in a moment."}
	}
	return &Error{Internal, "Something failed inside Sheaf: " + err.Error() + ". Nothing stored is lost."}
}

// sentence makes an error readable as a sentence.
func sentence(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:] + "."
}
