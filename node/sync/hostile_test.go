package sync_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
)

// withStranger runs a test with two nodes that share a document, and a third
// host that is the device of a member too, but speaks as do says. do is given
// each stream, whoever opened it.
func withStranger(t *testing.T, do func(network.Stream, *replicationtest.Replica), f func(t *testing.T, w *world, stranger host.Host)) {
	t.Helper()
	keys := []*identity.Key{replicationtest.Key(1), replicationtest.Key(2), replicationtest.Key(3)}
	transporttest.Simulate(t, keys, func(t *testing.T, net *transporttest.Network) {
		w := &world{Network: net}
		for i, key := range keys {
			w.nodes = append(w.nodes, &node{Replica: replicationtest.New(key), host: net.Hosts[i]})
		}
		for _, n := range w.nodes[:2] {
			n.start(t)
		}
		defer func() {
			for _, n := range w.nodes[:2] {
				if err := n.service.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		h := net.Hosts[2]
		h.SetStreamHandler(sync.Protocol, func(s network.Stream) { do(s, w.nodes[2].Replica) })
		self := w.nodes[2].Key.Device()
		first := w.nodes[0].Key.Device()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if bytes.Compare(self[:], first[:]) < 0 { // it has to open the stream itself
			h.Network().Notify(&network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) {
				go func() {
					if s, err := h.NewStream(ctx, c.RemotePeer(), sync.Protocol); err == nil {
						do(s, w.nodes[2].Replica)
					}
				}()
			}})
		}
		f(t, w, h)
	})
}

func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// A member that asks for everything and takes nothing costs the others no
// time, and is hung up on.
func TestPeerThatDoesNotRead(t *testing.T) {
	stuck := make(chan struct{}, 10)
	do := func(s network.Stream, r *replicationtest.Replica) {
		rep := replication.New(replication.Config{
			Replica: r, Peer: replicationtest.Key(1).Device(), Role: roleOf(s), Nonce: [32]byte{9},
		})
		read := func() {
			var head [4]byte
			if _, err := io.ReadFull(s, head[:]); err != nil {
				return
			}
			b := make([]byte, binary.BigEndian.Uint32(head[:]))
			if _, err := io.ReadFull(s, b); err == nil {
				_, _ = rep.Receive(b)
			}
		}
		for range 3 {
			for {
				f, ok := rep.Next()
				if !ok {
					break
				}
				_, _ = s.Write(frame(f))
			}
			read()
		}
		stuck <- struct{}{}
		// It holds the stream open from here on, and reads nothing more.
	}
	withStranger(t, do, func(t *testing.T, w *world, _ host.Host) {
		doc := w.share(1)
		w.nodes[0].Get(doc).Write(newRand(1), 0, 400, 20_000)
		w.Connect(t, 0, 2)
		time.Sleep(5 * time.Second)
		w.Connect(t, 0, 1)
		took := transporttest.Within(t, time.Minute, func() bool { return w.nodes[1].Get(doc).Len() == 400 })
		t.Logf("another member has 8 MB after %v", took)
		if took > 20*time.Second {
			t.Error("another member waited for the one that does not read")
		}
		if len(stuck) != 1 || w.nodes[0].up() != 2 {
			t.Fatalf("%d streams are stuck, %d sessions", len(stuck), w.nodes[0].up())
		}
		time.Sleep(2 * time.Minute)
		if w.nodes[0].began() == w.nodes[0].up() {
			t.Error("it was not hung up on")
		}
	})
}

func roleOf(s network.Stream) replication.Role {
	if s.Stat().Direction == network.DirOutbound {
		return replication.Opener
	}
	return replication.Accepter
}

// Junk ends the session with it, and nothing else.
func TestJunkOnTheStream(t *testing.T) {
	junk := [][]byte{
		{0xff, 0xff, 0xff, 0xff},                // a length of 4 GB
		{0, 0, 0, 0},                            // an empty frame
		frame([]byte{4, 0x80}),                  // DATA before HELLO
		frame([]byte{0, 0x83, 1, 0x40, 0x80}),   // a nonce of no bytes
		frame(bytes.Repeat([]byte{0x9f}, 4000)), // nested indefinite arrays
		{0, 0, 1, 0, 0},                         // half a frame, then nothing
	}
	n := 0
	do := func(s network.Stream, _ *replicationtest.Replica) {
		_, _ = s.Write(junk[n%len(junk)])
		n++
		_, _ = io.Copy(io.Discard, s)
		_ = s.Reset()
	}
	withStranger(t, do, func(t *testing.T, w *world, stranger host.Host) {
		doc := w.share(1)
		w.Connect(t, 0, 2)
		w.Connect(t, 0, 1)
		for range len(junk) {
			time.Sleep(time.Minute)
			_ = stranger.Network().ClosePeer(w.Hosts[0].ID())
			time.Sleep(time.Second)
			w.Connect(t, 0, 2)
		}
		if n < len(junk) {
			t.Errorf("only %d of %d kinds of junk were sent", n, len(junk))
		}
		w.nodes[0].Get(doc).Write(newRand(1), 0, 5, 100)
		w.nodes[0].service.Changed(doc)
		transporttest.Within(t, time.Second, func() bool { return w.nodes[1].Get(doc).Len() == 5 })
		if n := w.nodes[0].began(); n != 1 {
			t.Errorf("%d sessions were said to be up", n)
		}
	})
}
