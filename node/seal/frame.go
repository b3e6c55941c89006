package seal

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/sheafdocs/sheaf/node/wire"
)

// A plaintext is framed as
//
//	flags (1 byte, 0) ‖ CBOR of a value ‖ zeros up to a bucket
//
// so that lengths tell little. No flag is defined; a plaintext with one set is
// inert.

// frame encodes a value and pads it.
func frame(v any) ([]byte, error) {
	enc, err := wire.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode plaintext: %w", err)
	}
	size := padded(1 + len(enc))
	if size > MaxPlaintextBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	pt := make([]byte, size)
	copy(pt[1:], enc)
	return pt, nil
}

// unframe reads a padded plaintext into v, and refuses all that frame does not
// make.
func unframe(pt []byte, v any) error {
	if len(pt) == 0 || pt[0] != 0 {
		return errors.New("unknown flags")
	}
	n, ok := itemLen(pt[1:])
	if !ok {
		return errors.New("malformed plaintext")
	}
	if padded(1+n) != len(pt) {
		return fmt.Errorf("%d bytes are padded to %d", 1+n, len(pt))
	}
	for _, b := range pt[1+n:] {
		if b != 0 {
			return errors.New("padding is not zero")
		}
	}
	if err := wire.Unmarshal(pt[1:1+n], v); err != nil {
		return fmt.Errorf("decode plaintext: %w", err)
	}
	return nil
}

// padded returns the length that a plaintext of n bytes is padded to: up to
// 256 a multiple of 32, above it the next length of which only the leading
// bits vary (Padmé: Nikitin et al., "Reducing Metadata Leakage from Encrypted
// Files and Communication with PURBs", 2019). The waste is below 12 % there.
func padded(n int) int {
	if n <= 256 {
		return max(32, (n+31)&^31)
	}
	e := bits.Len(uint(n)) - 1 // floor(log2 n)
	s := bits.Len(uint(e))     // leading bits that may vary
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}

// itemLen returns how many of the bytes the first CBOR item takes, so that the
// padding behind it is known. It walks over arrays, byte strings and unsigned
// integers and leaves it to wire.Unmarshal to say whether they are the right
// ones.
func itemLen(b []byte) (int, bool) {
	const majorUint, majorBytes, majorArray = 0, 2, 4
	at := 0
	for items := uint64(1); items > 0; items-- {
		if at >= len(b) {
			return 0, false
		}
		major, n := b[at]>>5, uint64(b[at]&0x1f)
		at++
		if n > 27 {
			return 0, false
		}
		if n >= 24 {
			size := 1 << (n - 24)
			if size > len(b)-at {
				return 0, false
			}
			n = 0
			for _, digit := range b[at : at+size] {
				n = n<<8 | uint64(digit)
			}
			at += size
		}
		rest := uint64(len(b) - at)
		switch {
		case major == majorUint:
		case major == majorBytes && n <= rest:
			at += int(n)
		case major == majorArray && n <= rest:
			items += n
		default:
			return 0, false
		}
	}
	return at, true
}
