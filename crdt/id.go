package crdt

import (
	"cmp"
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// ClientID names one author of one document: a number of at most MaxClientID.
// Two replicas must never edit under the same id at the same time.
type ClientID uint64

// ID names one unit of content: the Clock-th unit written by Client.
type ID struct {
	Client ClientID
	Clock  uint64
}

// String returns the id as client:clock.
func (id ID) String() string {
	return strconv.FormatUint(uint64(id.Client), 10) + ":" + strconv.FormatUint(id.Clock, 10)
}

// StateVector tells, for each client, the number of units known of it: all
// clocks below the given one.
type StateVector map[ClientID]uint64

// Encode returns the state vector in Yjs's encoding.
func (sv StateVector) Encode() []byte {
	clients := make([]ClientID, 0, len(sv))
	for c := range sv {
		clients = append(clients, c)
	}
	sorting.Stable(clients, func(a, b ClientID) int { return cmp.Compare(b, a) })
	out := lib0.AppendUint(nil, uint64(len(clients)))
	for _, c := range clients {
		out = lib0.AppendUint(lib0.AppendUint(out, uint64(c)), sv[c])
	}
	return out
}

// DecodeStateVector reads a state vector in Yjs's encoding. The error wraps
// ErrMalformed.
func DecodeStateVector(b []byte) (StateVector, error) {
	sv := StateVector{}
	err := codec.ReadStateVector(b, func(client, clock uint64) { sv[ClientID(client)] = clock })
	if err != nil {
		return nil, failed("decode state vector", ErrMalformed, err)
	}
	return sv, nil
}
