package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// cryptoReport is what "sheaf-bench crypto" prints. Times are of one core.
type cryptoReport struct {
	SignUS    float64 `json:"signMicros"`    // encrypted update to signed entry
	VerifyUS  float64 `json:"verifyMicros"`  // one signature, and decoding the entry
	SealUS    float64 `json:"sealMicros"`    // an update of some 20 bytes
	OpenUS    float64 `json:"openMicros"`    // the same
	WrapUS    float64 `json:"wrapMicros"`    // an epoch key for one recipient
	UnwrapUS  float64 `json:"unwrapMicros"`  //
	OneByOne  float64 `json:"entriesPerSec"` // decoded, checked and appended singly, as by gossip
	ByRuns    float64 `json:"entriesPerSecByRuns"`
	ResolveMS float64 `json:"resolveMillis"` // 10,000 access ops of 1,000 devices
	OneMoreUS float64 `json:"oneMoreMicros"` // one op more, and what a writer then asks
	OpenDocMS float64 `json:"openMillis"`    // a document of 1,000 members, each with an entry
	Platform  string  `json:"platform"`
	Go        string  `json:"go"`
	Time      string  `json:"time"`
}

// measureTime is how long each figure is measured for, at least.
const measureTime = 500 * time.Millisecond

// perCall is the time of one call of f, in microseconds.
func perCall(f func() error) (float64, error) {
	n, start := 0, time.Now()
	for time.Since(start) < measureTime {
		if err := f(); err != nil {
			return 0, err
		}
		n++
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(n), nil
}

func crypto(args []string) error {
	fs := flag.NewFlagSet("crypto", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "print JSON")
	if err := parse(fs, args); err != nil {
		return err
	}
	r := cryptoReport{Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Time: time.Now().UTC().Format(time.RFC3339)}
	b, err := newCryptoBench()
	if err != nil {
		return err
	}
	for _, step := range []func(*cryptoReport) error{b.single, b.wraps, b.entries, b.resolve, b.open} {
		if err := step(&r); err != nil {
			return err
		}
	}
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	fmt.Printf("sign %.1f µs, verify %.1f µs, seal %.1f µs, open %.1f µs, wrap %.0f µs, unwrap %.0f µs\n", r.SignUS, r.VerifyUS, r.SealUS, r.OpenUS, r.WrapUS, r.UnwrapUS)
	fmt.Printf("entries: %.0f/s one by one, %.0f/s by runs\n", r.OneByOne, r.ByRuns)
	fmt.Printf("access log: 10,000 ops in %.0f ms, one more in %.0f µs; a document of 1,000 members opens in %.0f ms\n", r.ResolveMS, r.OneMoreUS, r.OpenDocMS)
	return nil
}

// cryptoBench is a document with one author.
type cryptoBench struct {
	key     *identity.Key
	epoch   seal.EpochKey
	genesis *access.Op
	log     *access.Log
	sealer  *seal.Sealer
	auth    wire.Auth
}

func newCryptoBench() (*cryptoBench, error) {
	b := &cryptoBench{}
	var err error
	if b.key, err = identity.Generate(rand.Reader); err != nil {
		return nil, err
	}
	if b.epoch, err = seal.NewEpochKey(rand.Reader); err != nil {
		return nil, err
	}
	if b.genesis, err = access.NewGenesis(b.key, b.epoch.ID(b.key.Device()), rand.Reader, time.Now()); err != nil {
		return nil, err
	}
	b.log = access.NewLog(b.genesis.DocID())
	if _, err := b.log.Add(b.genesis); err != nil {
		return nil, err
	}
	b.auth, _, _ = b.log.Authority(b.key.Device())
	b.sealer, err = seal.NewSealer(b.epoch, seal.Chain{Doc: b.genesis.DocID(), Device: b.key.Device(), Auth: b.auth})
	return b, err
}

// header is that of an entry of the author's chain.
func (b *cryptoBench) header(seq uint64, prev wire.EntryID) oplog.Header {
	return oplog.Header{
		Doc: b.genesis.DocID().Short(), Author: b.key.Device(), Auth: b.auth, Seq: seq, Prev: prev,
		Epoch: b.epoch.ID(b.key.Device()), NumOps: 1,
	}
}

// payload is an update of the usual size.
var payload = seal.Payload{Body: bytes.Repeat([]byte{7}, 20)}

func (b *cryptoBench) single(r *cryptoReport) error {
	h := b.header(0, wire.EntryID{})
	aad, err := h.AAD()
	if err != nil {
		return err
	}
	ct, err := b.sealer.Seal(aad, payload)
	if err != nil {
		return err
	}
	e, err := oplog.Sign(b.key, h, ct)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		to *float64
		f  func() error
	}{
		{&r.SealUS, func() error { _, err := b.sealer.Seal(aad, payload); return err }},
		{&r.OpenUS, func() error { _, err := b.sealer.Open(aad, ct); return err }},
		{&r.SignUS, func() error { _, err := oplog.Sign(b.key, h, ct); return err }},
		{&r.VerifyUS, func() error {
			fresh, err := oplog.Decode(e.Raw) // one that was verified remembers it
			if err == nil && !fresh.Verify() {
				err = oplog.ErrSignature
			}
			return err
		}},
	} {
		if *m.to, err = perCall(m.f); err != nil {
			return err
		}
	}
	return nil
}

func (b *cryptoBench) wraps(r *cryptoReport) (err error) {
	id := b.epoch.ID(b.key.Device())
	w, err := seal.WrapKey(b.epoch, b.genesis.DocID(), id, b.key.SealPublic(), b.key)
	if err != nil {
		return err
	}
	r.WrapUS, err = perCall(func() error {
		_, err := seal.WrapKey(b.epoch, b.genesis.DocID(), id, b.key.SealPublic(), b.key)
		return err
	})
	if err != nil {
		return err
	}
	r.UnwrapUS, err = perCall(func() error {
		_, err := seal.OpenWrap(w, b.genesis.DocID(), b.key.Device(), b.key.SealPrivate())
		return err
	})
	return err
}

// entries times a chain of 8 runs, as sync and as gossip bring it.
func (b *cryptoBench) entries(r *cryptoReport) error {
	const n = 8 * oplog.MaxRunEntries
	var raws [][]byte
	var prev wire.EntryID
	for seq := range uint64(n) {
		h := b.header(seq, prev)
		aad, err := h.AAD()
		if err != nil {
			return err
		}
		ct, err := b.sealer.Seal(aad, payload)
		if err != nil {
			return err
		}
		e, err := oplog.Sign(b.key, h, ct)
		if err != nil {
			return err
		}
		raws, prev = append(raws, e.Raw), e.ID
	}
	decode := func() ([]*oplog.Entry, error) {
		list := make([]*oplog.Entry, 0, n)
		for _, raw := range raws {
			e, err := oplog.Decode(raw)
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		}
		return list, nil
	}
	runs, err := perCall(func() error {
		list, err := decode()
		if err != nil {
			return err
		}
		chains := oplog.NewChains(b.genesis.DocID())
		kept, v := chains.CheckRun(b.log, list)
		for _, e := range kept {
			chains.Append(e)
		}
		if len(kept) != n {
			return fmt.Errorf("a run was not taken: %w", v.Reason)
		}
		return nil
	})
	if err != nil {
		return err
	}
	single, err := perCall(func() error {
		list, err := decode()
		if err != nil {
			return err
		}
		chains := oplog.NewChains(b.genesis.DocID())
		for _, e := range list {
			if v := chains.Check(b.log, e); v.Action != oplog.Accept {
				return fmt.Errorf("an entry was not taken: %w", v.Reason)
			}
			chains.Append(e)
		}
		return nil
	})
	r.ByRuns, r.OneByOne = n/runs*1e6, n/single*1e6
	return err
}

// background is the context of a command that ends by itself.
func background() context.Context { return context.Background() }
