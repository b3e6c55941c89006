package discovery

import (
	"strings"
	"testing"
)

// FuzzParseHints reads the addresses of a link, which whoever made it wrote.
func FuzzParseHints(f *testing.F) {
	const id = "/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
	for _, s := range []string{
		"/ip4/192.0.2.1/tcp/1" + id + "\n/ip4/192.0.2.1/udp/1/quic-v1" + id, "/dns4/example.org/tcp/443/wss" + id,
		"/ip6/::1/tcp/1" + id + "/p2p-circuit", "/ip4/192.0.2.1/tcp/1", "/", "", id, strings.Repeat("/ip4/192.0.2.1"+id+"\n", 40),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		infos, _ := parseHints(strings.Split(s, "\n"))
		addrs := 0
		for _, info := range infos {
			if info.ID.Validate() != nil {
				t.Fatalf("an address without a peer: %v", info)
			}
			addrs += len(info.Addrs)
		}
		if addrs > maxHints {
			t.Fatalf("%d addresses of a link, at most %d are dialed", addrs, maxHints)
		}
	})
}
