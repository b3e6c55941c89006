package storetest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed returns the seed of a random test and logs it: what the environment variable
// SEED says, else a new one.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if s := os.Getenv("SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("SEED=%s: %v", s, err)
		}
		seed = n
	}
	t.Logf("SEED=%d", seed)
	return seed
}

// Rounds returns how often a test of failures repeats itself: a few times, or many
// if the environment variable SOAK is set.
func Rounds(few, many int) int {
	if os.Getenv("SOAK") != "" {
		return many
	}
	return few
}
