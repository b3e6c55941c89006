// Package web is the page of Sheaf: the list of documents and the editor, a
// TypeScript program that "make web" builds into dist/, and the http.Handler
// that serves it.
//
// The page is content-hashed files plus one index.html. Handler sets the
// Content-Security-Policy under which the page is written (nothing inline, no
// eval, Trusted Types), lets only hashed files be cached, and compresses. It
// serves files and nothing else: the API, cookies and the checks of Host and
// Origin belong to node/api/local, which must be asked first.
//
// A program compiled without a built page serves a placeholder that says so.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed csp.txt
var contentSecurityPolicy string

// built returns the embedded page.
func built() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // The pattern above names it.
	}
	return files
}
