// Package local serves a node's API to the programs and pages of its user,
// over HTTP and WebSocket on a loopback address.
//
// [Server] decides who may ask: every request must be addressed to this
// address by its own name (against DNS rebinding), what changes something and
// every WebSocket must come from the page's own origin (against forged
// requests), and all of the API wants either the cookie that a one-time link
// was exchanged for or the bearer token that lies in a file only the same
// user may read ([TokenFile]). [Client] is the other end, for commands.
//
// It promises that nothing of the API is answered, not even that a document
// exists, before these checks have passed; that bodies, frames and
// connections are bounded; and that Serve returns only after every connection
// has ended.
//
// It leaves out what the requests mean (node/api) and the page itself, which
// comes in as an http.Handler and is served without a cookie: it holds no
// secret.
package local
