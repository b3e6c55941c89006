package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Names inside the page's files.
const (
	indexFile       = "index.html"
	placeholderFile = "placeholder.html"
	assetsFolder    = "assets/"
)

// minGzipBytes is the size below which compressing saves nothing worth a header.
const minGzipBytes = 1024

// Config says what to serve. The zero value serves the page compiled into the program.
type Config struct {
	// Files is the built page: index.html and assets/. Default: the embedded one.
	Files fs.FS
}

// Handler serves the page. It is safe for concurrent use.
type Handler struct {
	files map[string]*file
	index *file
	built bool
}

// file is one file of the page, held in memory, compressed at its first use.
type file struct {
	name    string
	kind    string // Content-Type
	body    []byte
	gzipped func() []byte // nil when it would not be smaller
}

// New reads the page's files into memory (about 1.5 MB) and returns their handler.
func New(cfg Config) (*Handler, error) {
	files := cfg.Files
	if files == nil {
		files = built()
	}
	h := &Handler{files: make(map[string]*file)}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		h.files[name] = newFile(name, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	h.index, h.built = h.files[indexFile], true
	if h.index == nil {
		h.index, h.built = h.files[placeholderFile], false
	}
	if h.index == nil {
		return nil, fmt.Errorf("read page: neither %s nor %s: %w", indexFile, placeholderFile, fs.ErrNotExist)
	}
	return h, nil
}

// Built reports whether there is a page to serve, not only the placeholder.
func (h *Handler) Built() bool { return h.built }

// ServeHTTP serves a file of the page, or index.html for the addresses that the
// page itself understands: /, /trash and /d/<document>.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", strings.TrimSpace(contentSecurityPolicy))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch found := h.files[name]; {
	case strings.HasPrefix(name, assetsFolder) && found != nil:
		// The name carries the hash of the content: it can never mean anything else.
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		found.serve(w, r, http.StatusOK)
	case isPageAddress(name) && h.built:
		h.index.serve(w, r, http.StatusOK)
	case isPageAddress(name):
		h.index.serve(w, r, http.StatusServiceUnavailable)
	default:
		http.NotFound(w, r)
	}
}

func isPageAddress(name string) bool {
	if name == "" || name == "trash" {
		return true
	}
	document, ok := strings.CutPrefix(name, "d/")
	return ok && document != "" && !strings.Contains(document, "/")
}

func newFile(name string, body []byte) *file {
	kind := mime.TypeByExtension(path.Ext(name))
	// The page must not depend on the mime tables of the machine it runs on.
	switch path.Ext(name) {
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".html":
		kind = "text/html; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	f := &file{name: name, kind: kind, body: body}
	if len(body) >= minGzipBytes && kind != "font/woff2" {
		f.gzipped = sync.OnceValue(func() []byte { return compress(body) })
	}
	return f
}

func (f *file) serve(w http.ResponseWriter, r *http.Request, status int) {
	body := f.body
	header := w.Header()
	header.Set("Content-Type", f.kind)
	if f.gzipped != nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			header.Set("Content-Encoding", "gzip")
			body = f.gzipped()
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // Whoever went away does not want to hear of it.
	}
}

func acceptsGzip(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.0")
		}
	}
	return false
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err) // The level is a constant.
	}
	_, _ = z.Write(body) // Writes to memory do not fail.
	_ = z.Close()
	return out.Bytes()
}
