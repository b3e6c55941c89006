//go:build !js

package badgerstore

import (
	"hash/crc32"
	"math/bits"
)

// castagnoli is the polynomial of Badger's checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// repairBit undoes one flipped bit: it changes at most one bit of b such that its
// CRC-32C becomes want, and reports whether it could. A checksum of 32 bits tells
// which bit it was: the difference that a flipped bit makes to it depends only on
// how far from the end the bit is, and is another for each. A difference of a
// single bit means that the checksum itself was hit.
//
// Damage to more bits is sometimes taken for that of one (for 4 KiB, once in
// 130,000), so what comes out needs a second check; our records have their own.
func repairBit(b []byte, want uint32) bool {
	diff := crc32.Checksum(b, castagnoli) ^ want
	if bits.OnesCount32(diff) <= 1 {
		return true
	}
	var made [8]uint32 // the difference that each bit of byte i makes
	for bit := range made {
		made[bit] = castagnoli[1<<bit]
	}
	for i := len(b) - 1; i >= 0; i-- {
		for bit, d := range made {
			if d == diff {
				b[i] ^= 1 << bit
				return true
			}
			made[bit] = castagnoli[byte(d)] ^ d>>8
		}
	}
	return false
}
