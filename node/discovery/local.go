//go:build !js

package discovery

import (
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// serviceName is what nodes announce themselves as on the local network.
const serviceName = "_sheaf._udp"

// localService is a running multicast DNS service.
type localService struct{ mdns.Service }

// notifee hears from the service. Discovery.Close waits for its calls.
type notifee struct{ d *Discovery }

// HandlePeerFound is part of mdns.Notifee.
func (n notifee) HandlePeerFound(info peer.AddrInfo) {
	d := n.d
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.wg.Add(1)
	d.mu.Unlock()
	defer d.wg.Done()
	d.found(info)
}

// startLocal announces the host, unless it is switched off.
func (d *Discovery) startLocal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cfg.Mode == Off || d.closed || d.offline || d.lan != nil {
		return
	}
	s := mdns.NewMdnsService(d.cfg.Host, serviceName, notifee{d})
	if err := s.Start(); err != nil {
		d.log.Info("cannot ask the local network for peers", "err", err)
		_ = s.Close()
		return
	}
	d.lan = &localService{s}
}

// stopLocal stops announcing.
func (d *Discovery) stopLocal() {
	d.mu.Lock()
	lan := d.lan
	d.lan = nil
	d.mu.Unlock()
	if lan != nil {
		_ = lan.Close()
	}
}
