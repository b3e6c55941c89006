package identity

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"

	"github.com/sheafdocs/sheaf/node/wire"
)

// codeRounds is how often the hash of a verification code is repeated: so that
// finding two pairs of keys with one code takes that much longer.
const codeRounds = 1024

// VerificationCode is what two people compare, by telephone or face to face, to
// know that each sees the other's key: six groups of five digits, the same on
// both sides.
func VerificationCode(a, b wire.UserID) string {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	sum := wire.DomainVerify.Sum(append(a[:], b[:]...))
	for range codeRounds {
		sum = sha256.Sum256(sum[:])
	}
	n := new(big.Int).SetBytes(sum[:])
	base := big.NewInt(100_000)
	groups := make([]string, 6)
	for i := range groups {
		digit := new(big.Int)
		n.DivMod(n, base, digit)
		groups[i] = fmt.Sprintf("%05d", digit.Int64())
	}
	return strings.Join(groups, " ")
}
