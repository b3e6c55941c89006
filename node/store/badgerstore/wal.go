//go:build !js

package badgerstore

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"

	"github.com/sheafdocs/sheaf/node/store"
)

// This file reads Badger's write-ahead log (*.mem): to know before Badger does
// where it would cut it off, and to find what is whole behind a damaged place,
// which Badger gives up.
//
// A log is a header of 20 bytes (key number, 0 as we do not use its encryption,
// and a nonce) and entries one after the other:
//
//	meta, user meta, uvarint key length, uvarint value length, uvarint expiry,
//	key, value, CRC-32C of all that
//
// with zeros behind the last. The last 8 bytes of a key are the version, inverted.
// The entries of a transaction share one and are closed by an entry whose value is
// the version in digits.

const (
	logHeaderBytes = 20
	metaDelete     = 1 << 0
	metaTxn        = 1 << 6
	metaEndOfTxn   = 1 << 7
	versionBytes   = 8
	// Bounds of what we or Badger ever write; they keep a damaged length from
	// being believed.
	maxLogKeyBytes   = 1 + store.KeyPrefixBytes + store.MaxNameBytes + versionBytes
	maxLogValueBytes = 1 << 20
)

var zeroPage [4096]byte

// usedBytes is the length of b without the zeros at its end. Most of a log is zeros,
// so it looks at a page at a time.
func usedBytes(b []byte) int {
	n := len(b)
	for n >= len(zeroPage) && bytes.Equal(b[n-len(zeroPage):n], zeroPage[:]) {
		n -= len(zeroPage)
	}
	return len(bytes.TrimRight(b[:n], "\x00"))
}

// pair is one version of one key, as found in a file of Badger's.
type pair struct {
	key     []byte // without the version
	version uint64
	value   []byte
	deleted bool
	sound   bool // the checksum around it is right
}

// splitVersion takes a key of Badger's files apart.
func splitVersion(key []byte) (k []byte, version uint64) {
	n := len(key) - versionBytes
	return key[:n], math.MaxUint64 - binary.BigEndian.Uint64(key[n:])
}

type logEntry struct {
	pair
	meta byte
	size int
}

// decodeLogEntry reads the entry at the start of b. ok means that its lengths make
// sense; whether it is sound is in the pair.
func decodeLogEntry(b []byte) (e logEntry, ok bool) {
	if len(b) < 2 || b[1] != 0 || b[0]&^(metaDelete|metaTxn|metaEndOfTxn) != 0 {
		return e, false
	}
	e.meta = b[0]
	pos := 2
	var lengths [3]uint64
	for i := range lengths {
		v, n := binary.Uvarint(b[pos:])
		if n <= 0 {
			return e, false
		}
		lengths[i], pos = v, pos+n
	}
	klen, vlen := lengths[0], lengths[1]
	if klen <= versionBytes || klen > uint64(maxLogKeyBytes) || vlen > maxLogValueBytes || lengths[2] != 0 {
		return e, false
	}
	end := pos + int(klen) + int(vlen)
	if end+crc32.Size > len(b) {
		return e, false
	}
	e.key, e.version = splitVersion(b[pos : pos+int(klen)])
	e.value = b[pos+int(klen) : end]
	e.deleted = e.meta&metaDelete != 0
	e.sound = crc32.Checksum(b[:end], castagnoli) == binary.BigEndian.Uint32(b[end:])
	e.size = end + crc32.Size
	return e, true
}

// soundLogEnd is where the last whole transaction of a log ends: what Badger will
// keep of it. rest reports whether anything was written behind.
func soundLogEnd(b []byte) (end int, rest bool) {
	end = min(logHeaderBytes, len(b))
	pos, version := end, uint64(0)
	for pos < len(b) {
		e, ok := decodeLogEntry(b[pos:])
		if !ok || !e.sound {
			break
		}
		pos += e.size
		switch {
		case e.meta&metaTxn != 0:
			if version == 0 {
				version = e.version
			}
			if version != e.version {
				return end, true
			}
		case e.meta&metaEndOfTxn != 0:
			v, err := strconv.ParseUint(string(e.value), 10, 64)
			if err != nil || v != version {
				return end, true
			}
			end, version = pos, 0
		default:
			if version != 0 {
				return end, true
			}
			end = pos
		}
	}
	return end, usedBytes(b[end:]) > 0
}

// scanLog calls f with every entry of a log that can be made out, also behind
// damaged places, and of which a flipped bit can be undone.
func scanLog(b []byte, f func(pair) error) error {
	used := usedBytes(b)
	b = b[:min(len(b), used+crc32.Size)] // a checksum may end in zeros
	for pos := logHeaderBytes; pos < len(b); {
		e, ok := decodeLogEntry(b[pos:])
		if ok && !e.sound {
			if fixed, can := repairLogEntry(b[pos : pos+e.size]); can {
				e = fixed
			} else if ok = e.whole(); ok {
				e.meta = 0 // not what vouches for it
			}
		}
		if !ok {
			next := nextLogEntry(b, pos+1)
			e, ok = repairLogEntry(b[pos:next])
			// Only the last entry has nothing behind it that tells its end.
			for end := len(b) - 1; !ok && next == len(b) && end > used-crc32.Size && end > pos; end-- {
				e, ok = repairLogEntry(b[pos:end])
			}
			if !ok {
				pos = next
				continue
			}
		}
		pos += e.size
		if e.meta&metaEndOfTxn != 0 {
			continue
		}
		if err := f(e.pair); err != nil {
			return err
		}
	}
	return nil
}

// nextLogEntry finds the first sound entry of b from pos on; len(b) if there is
// none.
func nextLogEntry(b []byte, pos int) int {
	for ; pos < len(b); pos++ {
		if e, ok := decodeLogEntry(b[pos:]); ok && e.sound {
			return pos
		}
	}
	return len(b)
}

// repairLogEntry tries to undo one flipped bit in an entry that fills b.
func repairLogEntry(b []byte) (e logEntry, ok bool) {
	if len(b) <= crc32.Size {
		return e, false
	}
	b = bytes.Clone(b)
	body := b[:len(b)-crc32.Size]
	if !repairBit(body, binary.BigEndian.Uint32(b[len(body):])) {
		return e, false
	}
	binary.BigEndian.PutUint32(b[len(body):], crc32.Checksum(body, castagnoli))
	e, ok = decodeLogEntry(b)
	return e, ok && e.sound && e.size == len(b)
}

// whole reports whether a pair is right by our own hash, whatever Badger's
// checksum says.
func (p pair) whole() bool {
	if p.deleted {
		return false
	}
	_, _, err := openValue(p.key, p.value)
	return err == nil
}
