package api

import (
	"context"

	"github.com/sheafdocs/sheaf/node"
)

// DocumentHolding tells where a document's entries are and what is missing.
type DocumentHolding struct {
	Here     HeldHere `json:"here"`
	Holders  []Keeper `json:"holders"`
	Withheld Withheld `json:"withheld"`
	Epoch    Epochs   `json:"epoch"`
}

// HeldHere is what this device holds.
type HeldHere struct {
	Entries uint64 `json:"entries"` // that count
	Bytes   int64  `json:"bytes"`   // stored of all entries
	Since   int64  `json:"since"`   // unix ms
}

// Keeper is another device that keeps entries of the document.
type Keeper struct {
	Device   string `json:"device"`
	User     string `json:"user"`
	Name     string `json:"name"`
	Complete bool   `json:"complete"`
	Entries  uint64 `json:"entries"` // of those here
	Of       uint64 `json:"of"`      // how many are here
	At       int64  `json:"at"`      // unix ms of its last receipt, by its clock; 0: none
	Relay    string `json:"relay"`   // host name of a relay, or ""
}

// Withheld counts entries that are known to exist and that no one delivers.
type Withheld struct {
	Count int            `json:"count"`
	From  []WithheldFrom `json:"from"`
}

// WithheldFrom is Withheld of one author; Device is "" where it is not known.
type WithheldFrom struct {
	Device string `json:"device"`
	Name   string `json:"name"`
	Count  int    `json:"count"`
}

// Epochs tells of the document's keys.
type Epochs struct {
	RotatedAt int64 `json:"rotatedAt"` // unix ms, by the clock of who made the present one
	Count     int   `json:"count"`
}

// info answers documents.info.
func (s *Server) info(ctx context.Context, body []byte) (any, error) {
	_, d, err := decodeFor[idRequest](s, body)
	if err != nil {
		return nil, err
	}
	h, err := d.Holding(ctx)
	if err != nil {
		return nil, err
	}
	return describeHolding(h), nil
}

func describeHolding(h node.Holding) DocumentHolding {
	out := DocumentHolding{
		Here:     HeldHere{Entries: h.Entries, Bytes: h.Bytes, Since: h.Since.UnixMilli()},
		Holders:  []Keeper{},
		Withheld: Withheld{From: []WithheldFrom{}},
		Epoch:    Epochs{Count: h.Epochs},
	}
	if !h.RotatedAt.IsZero() {
		out.Epoch.RotatedAt = h.RotatedAt.UnixMilli()
	}
	for _, k := range h.Holders {
		keeper := Keeper{
			Device: k.Device.String(), User: k.User.String(), Name: k.Name, Relay: k.Relay,
			Complete: k.Complete(&h), Entries: k.Entries, Of: h.Entries,
		}
		if !k.At.IsZero() {
			keeper.At = k.At.UnixMilli()
		}
		out.Holders = append(out.Holders, keeper)
	}
	for _, m := range h.Withheld {
		from := WithheldFrom{Name: m.Name, Count: m.Count}
		if !m.Device.IsZero() {
			from.Device = m.Device.String()
		}
		out.Withheld.Count += m.Count
		out.Withheld.From = append(out.Withheld.From, from)
	}
	return out
}
