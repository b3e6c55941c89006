package local

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/sheafdocs/sheaf/node/api"
)

// statuses maps a code to the HTTP status that carries it.
var statuses = map[api.Code]int{
	api.BadRequest:   http.StatusBadRequest,
	api.Unauthorized: http.StatusUnauthorized,
	api.Forbidden:    http.StatusForbidden,
	api.NotFound:     http.StatusNotFound,
	api.ReadOnly:     http.StatusForbidden,
	api.Full:         http.StatusInsufficientStorage,
	api.Offline:      http.StatusServiceUnavailable,
	api.LinkInvalid:  http.StatusUnprocessableEntity,
	api.Unavailable:  http.StatusServiceUnavailable,
	api.Internal:     http.StatusInternalServerError,
	api.Locked:       http.StatusLocked,
	api.Unseen:       http.StatusConflict,
	api.Removed:      http.StatusForbidden,
}

// errorBody is how an error travels.
type errorBody struct {
	Error *api.Error `json:"error"`
}

// fail answers with err: a refusal by the node as it is, anything else as an
// internal fault whose cause goes to the log and not to the caller.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *api.Error
	if !errors.As(err, &e) {
		s.cfg.Logger.Error("request failed", "path", r.URL.Path, "err", err)
		e = &api.Error{Code: api.Internal, Message: "Something went wrong in the node. What was saved before is kept. Try again; if it happens again, look into the node's log."}
	}
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	writeError(w, status, e)
}

// refuse answers a request that the node never saw.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, code api.Code, message string) {
	s.cfg.Logger.Info("request refused", "path", r.URL.Path, "status", status, "code", code)
	writeError(w, status, &api.Error{Code: code, Message: message})
}

func writeError(w http.ResponseWriter, status int, e *api.Error) {
	body, err := json.Marshal(errorBody{e})
	if err != nil {
		panic("marshal of two strings failed: " + err.Error())
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
