package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

// A Downloader is a Backend that also streams files. Once something was written
// an error can only break the answer off, which its reader notices.
type Downloader interface {
	Download(ctx context.Context, name string, body []byte, w io.Writer) error
}

// maxDownloadBody bounds a request for a file.
const maxDownloadBody = 64 << 10

// download answers POST /api/files/{name} with a stream of bytes.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	d, ok := s.cfg.Backend.(Downloader)
	if !ok {
		s.refuse(w, r, http.StatusNotFound, api.NotFound, "This node gives no files. Nothing was changed.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDownloadBody))
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, api.BadRequest, "The request broke off or is too large. Nothing was changed.")
		return
	}
	out := &stream{w: w, control: http.NewResponseController(w)}
	err = d.Download(r.Context(), r.PathValue("name"), body, out)
	switch {
	case err == nil:
	case !out.begun:
		s.fail(w, r, err)
	default:
		s.cfg.Logger.Error("file broke off", "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler) // the only way to tell the reader
	}
}

// stream is an answer whose reader may take as long as it goes on reading.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func (s *stream) Write(b []byte) (int, error) {
	if !s.begun {
		s.begun = true
		h := s.w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return s.w.Write(b)
}
