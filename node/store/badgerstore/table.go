//go:build !js

package badgerstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"
)

// This file reads Badger's tables (*.sst), uncompressed as ours are: to refuse a
// damaged one before Badger meets it, as some damages end its process, and to find
// what is whole in it.
//
// A table is blocks, then an index of them, its length, its checksum, and the
// length of the checksum. A block is entries, their offsets, the number of
// entries, a checksum and its length. An entry is the number of bytes its key
// shares with the first key of the block, the number of further bytes, these, and
// the value.

const (
	maxTableBytes    = 1 << 30
	maxChecksumBytes = 32
)

var errTable = errors.New("table is damaged")

// trailer splits b into what a checksum covers and the checksum at its end.
func trailer(b []byte) (body []byte, sum *pb.Checksum, err error) {
	if len(b) < 4 {
		return nil, nil, errTable
	}
	n := binary.BigEndian.Uint32(b[len(b)-4:])
	if n > maxChecksumBytes || len(b) < 4+int(n) {
		return nil, nil, errTable
	}
	body = b[:len(b)-4-int(n)]
	sum = &pb.Checksum{}
	if err := proto.Unmarshal(b[len(body):len(b)-4], sum); err != nil {
		return nil, nil, errTable
	}
	return body, sum, nil
}

func checksumRight(b []byte, sum *pb.Checksum) bool {
	return sum.Algo == pb.Checksum_CRC32C && sum.Sum == uint64(crc32.Checksum(b, castagnoli))
}

type extent struct{ off, size int }

// tableBlocks reads the index of a table: where its blocks are. With an error,
// they may still be right.
func tableBlocks(b []byte) (blocks []extent, err error) {
	err = guard(func() error {
		body, sum, err := trailer(b)
		if err != nil {
			return err
		}
		if len(body) < 4 {
			return errTable
		}
		n := binary.BigEndian.Uint32(body[len(body)-4:])
		if uint64(n)+4 > uint64(len(body)) {
			return errTable
		}
		raw := body[len(body)-4-int(n) : len(body)-4]
		sound := checksumRight(raw, sum)
		if !sound {
			raw = bytes.Clone(raw)
			repairBit(raw, uint32(sum.Sum))
		}
		index := fb.GetRootAsTableIndex(raw, 0)
		var o fb.BlockOffset
		for i := range min(index.OffsetsLength(), len(b)) {
			if !index.Offsets(&o, i) {
				return errTable
			}
			blocks = append(blocks, extent{int(o.Offset()), int(o.Len())})
		}
		if !sound {
			return fmt.Errorf("index: %w", errTable)
		}
		return nil
	})
	return blocks, err
}

// checkTable returns an error unless every byte of a table is as Badger wrote it.
func checkTable(b []byte) error {
	blocks, err := tableBlocks(b)
	if err != nil {
		return err
	}
	if len(blocks) == 0 {
		return errTable
	}
	at := 0
	for _, x := range blocks {
		if x.off != at || x.size < 0 || x.off+x.size > len(b) {
			return errTable
		}
		at += x.size
		if err := scanBlock(b[x.off:at], nil); err != nil {
			return err
		}
	}
	return nil
}

// scanTable calls f with every pair of a table that can be made out.
func scanTable(b []byte, f func(pair) error) error {
	blocks, err := tableBlocks(b)
	if err != nil && len(blocks) == 0 {
		return scanBlocks(b, f)
	}
	for _, x := range blocks {
		if x.off < 0 || x.size < 0 || x.off > len(b)-x.size {
			continue
		}
		if err := scanBlock(b[x.off:x.off+x.size], f); err != nil && !errors.Is(err, errTable) {
			return err
		}
	}
	return nil
}

// scanBlocks reads a table whose index is lost: block after block, each ending
// where its checksum is right.
func scanBlocks(b []byte, f func(pair) error) error {
	const minBlockBytes = 16
	for start := 0; start < len(b); {
		end := start + minBlockBytes
		for ; end <= len(b); end++ {
			body, sum, err := trailer(b[start:end])
			if err == nil && len(body) > 8 && sum.Sum != 0 && checksumRight(body, sum) {
				break
			}
		}
		if end > len(b) {
			return nil // a damaged block, or the index
		}
		if err := scanBlock(b[start:end], f); err != nil && !errors.Is(err, errTable) {
			return err
		}
		start = end
	}
	return nil
}

// scanBlock calls f, if given, with every pair of a block that can be made out, and
// returns errTable if the block is not as it was written.
func scanBlock(b []byte, f func(pair) error) error {
	body, sum, err := trailer(b)
	if err == nil && checksumRight(body, sum) {
		if f == nil {
			return nil
		}
		return scanBody(body, true, f)
	}
	if f == nil {
		return fmt.Errorf("block: %w", errTable)
	}
	if err == nil {
		if fixed := bytes.Clone(body); repairBit(fixed, uint32(sum.Sum)) && allWhole(fixed) {
			return scanBody(fixed, true, f)
		}
	}
	// It may be the checksum or its length that is damaged.
	const trailerBits = 8 * 16
	fixed := bytes.Clone(b)
	for i := range min(trailerBits, 8*len(b)) {
		at, bit := len(b)-1-i/8, byte(1)<<(i%8)
		fixed[at] ^= bit
		if body, sum, err := trailer(fixed); err == nil && checksumRight(body, sum) {
			return scanBody(body, true, f)
		}
		fixed[at] ^= bit
	}
	if err != nil {
		return err
	}
	return scanBody(body, false, f)
}

// allWhole reports whether every pair of a block that is not a deletion has the
// hash that it should.
func allWhole(body []byte) bool {
	pairs := 0
	err := scanBody(body, true, func(p pair) error {
		if !p.deleted && !p.whole() {
			return errTable
		}
		pairs++
		return nil
	})
	return err == nil && pairs > 0
}

// scanBody reads the entries of a block, its checksum taken off. Of one that is not
// sound, only pairs that are whole by themselves are given to f.
func scanBody(body []byte, sound bool, f func(pair) error) error {
	if len(body) < 4 {
		return errTable
	}
	n := binary.BigEndian.Uint32(body[len(body)-4:])
	if uint64(n)*4+4 > uint64(len(body)) {
		return errTable
	}
	data := body[:len(body)-4-4*int(n)]
	offsets := body[len(data) : len(body)-4]
	offset := func(i int) int {
		if i == int(n) {
			return len(data)
		}
		return int(binary.NativeEndian.Uint32(offsets[4*i:]))
	}
	var first []byte
	for i := range int(n) {
		from, to := offset(i), offset(i+1)
		if from < 0 || to > len(data) || from > to {
			continue
		}
		key, v, ok := decodeBlockEntry(data[from:to], first)
		if !ok {
			continue
		}
		if i == 0 {
			first = key
		}
		if len(key) <= versionBytes || v.ExpiresAt != 0 {
			continue
		}
		p := pair{value: v.Value, deleted: v.Meta&metaDelete != 0, sound: sound}
		p.key, p.version = splitVersion(key)
		if !p.sound && !p.whole() {
			continue
		}
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}

func decodeBlockEntry(b, first []byte) (key []byte, v y.ValueStruct, ok bool) {
	if len(b) < 4 {
		return nil, v, false
	}
	overlap := int(binary.NativeEndian.Uint16(b))
	diff := int(binary.NativeEndian.Uint16(b[2:]))
	if overlap > len(first) || 4+diff+3 > len(b) {
		return nil, v, false
	}
	// Badger panics at an expiry that is no number.
	if _, n := binary.Uvarint(b[4+diff+2:]); n <= 0 {
		return nil, v, false
	}
	key = append(append(make([]byte, 0, overlap+diff), first[:overlap]...), b[4:4+diff]...)
	v.Decode(b[4+diff:])
	return key, v, true
}
