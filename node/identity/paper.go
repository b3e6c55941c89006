package identity

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/tyler-smith/go-bip39/wordlists"
)

// RecoveryWords is how many words write down a recovery secret.
const RecoveryWords = 24

// maxWordsBytes bounds what is read as recovery words.
const maxWordsBytes = 1 << 10

// ErrWords says that what was typed is no recovery secret; the error tells a
// person what to look at.
var ErrWords = errors.New("these are not the recovery words")

// A RecoverySecret is what a person keeps on paper. The paper key is derived
// from it.
type RecoverySecret [32]byte

// NewRecoverySecret draws one from 32 bytes of randomness.
func NewRecoverySecret(rand io.Reader) (s RecoverySecret, err error) {
	if _, err := io.ReadFull(rand, s[:]); err != nil {
		return s, fmt.Errorf("read randomness: %w", err)
	}
	return s, nil
}

// PaperKey derives the key of the offline device that the secret stands for.
func (s RecoverySecret) PaperKey() (*Key, error) {
	sign, err := hkdf.Key(sha256.New, s[:], nil, "sheaf/1/paper/sign", seedBytes)
	if err != nil {
		return nil, fmt.Errorf("derive paper key: %w", err)
	}
	seal, err := hkdf.Key(sha256.New, s[:], nil, "sheaf/1/paper/seal", seedBytes)
	if err != nil {
		return nil, fmt.Errorf("derive paper key: %w", err)
	}
	return FromSeeds([seedBytes]byte(sign), [seedBytes]byte(seal))
}

// Derive makes 32 bytes for another use of the secret; different labels give
// unrelated bytes.
func (s RecoverySecret) Derive(label string) [32]byte {
	out, err := hkdf.Key(sha256.New, s[:], nil, "sheaf/1/paper/"+label, 32)
	if err != nil {
		panic(err) // only for lengths beyond HKDF's limit
	}
	return [32]byte(out)
}

// Words writes the secret as BIP-39 does: its 256 bits and 8 of its SHA-256, in
// groups of 11, each an English word of the list.
func (s RecoverySecret) Words() string {
	sum := sha256.Sum256(s[:])
	bits := append(s[:len(s):len(s)], sum[0])
	words := make([]string, RecoveryWords)
	for i := range words {
		n := 0
		for b := i * 11; b < (i+1)*11; b++ {
			n = n<<1 | int(bits[b/8]>>(7-b%8)&1)
		}
		words[i] = wordlists.English[n]
	}
	return strings.Join(words, " ")
}

// ParseWords reads recovery words as people type them: in any case, with any
// white space, commas or numbers between them; the first four letters of a word
// are enough. The error wraps ErrWords and says which word is not of the list,
// how many are missing, or that the checksum does not match; it names only words
// that are not of the list.
func ParseWords(text string) (s RecoverySecret, err error) {
	if len(text) > maxWordsBytes {
		return s, fmt.Errorf("%w: the text is too long", ErrWords)
	}
	typed := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	var bits [33]byte
	for i, w := range typed {
		n, ok := findWord(w)
		if !ok {
			return s, fmt.Errorf("%w: word %d, %q, is not one of the list; look at its spelling", ErrWords, i+1, clip(w))
		}
		for b := 0; b < 11 && i < RecoveryWords; b++ {
			at := i*11 + b
			bits[at/8] |= byte(n>>(10-b)&1) << (7 - at%8)
		}
	}
	if len(typed) != RecoveryWords {
		return s, fmt.Errorf("%w: there are %d words, not %d", ErrWords, len(typed), RecoveryWords)
	}
	copy(s[:], bits[:])
	if sum := sha256.Sum256(s[:]); sum[0] != bits[32] {
		return RecoverySecret{}, fmt.Errorf("%w: all are of the list, but they do not fit together; a word was mistaken for another, or two changed places", ErrWords)
	}
	return s, nil
}

// findWord finds a word of the list, or the one that begins with at least four
// letters given: no two begin alike.
func findWord(w string) (int, bool) {
	lo, hi := 0, len(wordlists.English)
	for lo < hi {
		mid := (lo + hi) / 2
		if wordlists.English[mid] < w {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(wordlists.English) {
		return 0, false
	}
	found := wordlists.English[lo]
	return lo, found == w || len(w) >= 4 && strings.HasPrefix(found, w)
}

func clip(w string) string {
	if r := []rune(w); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return w
}
