package api

import (
	"context"
	"errors"
	"strings"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
)

// peopleError maps the errors about people and devices to codes; nil: it is
// another.
func peopleError(err error) *Error {
	after := func(sentinel error) string {
		return strings.TrimPrefix(err.Error()[strings.Index(err.Error(), sentinel.Error()):], sentinel.Error()+": ")
	}
	switch {
	case errors.Is(err, identity.ErrCard):
		return &Error{LinkInvalid, "This contact card cannot be used: " + after(identity.ErrCard) + ". Nothing was changed."}
	case errors.Is(err, identity.ErrPairLink):
		return &Error{LinkInvalid, "This link for adding a device cannot be used: " + after(identity.ErrPairLink) + ". Nothing was changed."}
	case errors.Is(err, identity.ErrWords):
		return &Error{BadRequest, "These recovery words cannot be used: " + after(identity.ErrWords) + ". Nothing was changed."}
	case errors.Is(err, identity.ErrPairing):
		return &Error{LinkInvalid, "The other device did not prove that it has this link, so nothing was changed. The link is of no use any more; make a new one."}
	case errors.Is(err, identity.ErrPairExpired):
		return &Error{LinkInvalid, "The link for adding a device has expired or was used already. Nothing was changed; make a new one on the other device."}
	case errors.Is(err, node.ErrPairRefused):
		return &Error{Forbidden, "The device was not added: that was answered, or nobody answered, on the other one. Nothing was changed."}
	case errors.Is(err, node.ErrPairBusy):
		return &Error{Unavailable, "A device is being added already, and waits for an answer. Nothing was changed. Answer there; or cancel it, with \"sheaf pair --cancel\", and try again."}
	case errors.Is(err, node.ErrPairReplaced):
		return &Error{LinkInvalid, "A newer link for adding a device took the place of this one. Nothing was changed; use that one."}
	case errors.Is(err, node.ErrNoPairing):
		return &Error{NotFound, "No device waits to be added. Nothing was changed."}
	case errors.Is(err, node.ErrHasDevices):
		return &Error{BadRequest, "This device belongs together with other devices already. Nothing was changed; use a new data directory to add it elsewhere."}
	case errors.Is(err, node.ErrHasWords):
		return &Error{BadRequest, "There are recovery words already, and they are shown only once. Nothing was changed."}
	case errors.Is(err, node.ErrNotEmpty):
		return &Error{BadRequest, "This device has documents already. Recovery words are for an empty data directory; to bring devices together, add one to the other. Nothing was changed."}
	case errors.Is(err, node.ErrNothingFound):
		return &Error{Unavailable, "The words are well formed, but nobody was reached who has documents of theirs. Start another device of yours on this network, or add an address or a link to a document, and try again. Nothing was changed."}
	case errors.Is(err, node.ErrCannotActAsPaper):
		return &Error{Unavailable, "This program cannot restore from recovery words. Use the sheaf command on a computer, then add this device to that one."}
	case errors.Is(err, node.ErrHomeNotReady):
		return &Error{Unavailable, "The list of your devices and documents has not arrived on this device yet. Keep Sheaf running here and on another device, and try again."}
	case errors.Is(err, context.Canceled) && err == context.Canceled:
		return &Error{Unavailable, "It was cancelled. Nothing was changed."}
	}
	return nil
}
