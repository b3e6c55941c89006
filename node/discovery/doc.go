// Package discovery finds the peers of a node and keeps it connected to them.
//
// A Discovery announces the host on the local network by multicast DNS and
// reports whom it finds there; it keeps the peers it is told of connected
// (Keep), dialing again with growing pauses when a connection is lost; and it
// dials the addresses that a link carries (Dial).
//
// What others on the local network can see: that some Sheaf node is here, its
// device key and its addresses. Names, documents and users are not announced.
// Mode Off announces and asks nothing.
//
// Left out: relays, and anything that needs a server.
package discovery
