// Package transport connects a device to others over libp2p.
//
// NewHost builds the libp2p host of a node: QUIC, TCP and WebSocket, secured
// by Noise and multiplexed by yamux, with the device's own signing key as its
// peer identity, so that a connection proves which device is at the other
// end. PeerID and DeviceOf translate between the two names of a device, and
// Hints picks the addresses worth putting into a link. A Gate closes a host
// to the network and opens it again ("work offline").
//
// The package promises that an office full of devices behind one address is
// served (libp2p's defaults allow eight connections an address), and that
// connections of document peers, once protected, are not trimmed.
//
// It leaves out: relays and hole punching, and hosts inside a browser. Under
// js only the parts that need no host are built.
package transport
