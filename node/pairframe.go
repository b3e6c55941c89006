package node

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/sheafdocs/sheaf/node/identity"
)

// readFrame reads a message and the length before it.
func readFrame(s network.Stream, limit uint32, wait time.Duration) ([]byte, error) {
	if err := s.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, fmt.Errorf("read pairing message: %w", err)
	}
	var length [4]byte
	if _, err := io.ReadFull(s, length[:]); err != nil {
		return nil, fmt.Errorf("read pairing message: %w", err)
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > limit {
		return nil, fmt.Errorf("%w: a message of %d bytes", identity.ErrPairing, size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(s, b); err != nil {
		return nil, fmt.Errorf("read pairing message: %w", err)
	}
	return b, nil
}

func writeFrame(s network.Stream, b []byte) error {
	if err := s.SetWriteDeadline(time.Now().Add(pairStepTimeout)); err != nil {
		return fmt.Errorf("write pairing message: %w", err)
	}
	if _, err := s.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)); err != nil {
		return fmt.Errorf("write pairing message: %w", err)
	}
	return nil
}
