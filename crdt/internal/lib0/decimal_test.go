package lib0

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// checkNumber compares what a number is read as with what strconv makes of it.
func checkNumber(t *testing.T, text string) {
	t.Helper()
	v, err := ParseJSON([]byte(text))
	if err != nil {
		t.Fatalf("%.50s: %v", text, err)
	}
	want, _ := strconv.ParseFloat(text, 64)
	if got := v.Number(); math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("%.50s (%d bytes): read as %g, want %g", text, len(text), got, want)
	}
}

func TestNumbersInJSON(t *testing.T) {
	zeros := strings.Repeat("0", 2000)
	for _, text := range []string{
		"0", "-0", "0.0", "0e9", "1", "-1", "10", "0.1", "1.5e3", "15e-1", "1E+2", "1e-2",
		"9007199254740993", "9007199254740992.9999", "123456789012345678901234567890",
		"1e22", "1e23", "1e-22", "1e-23", "123456789012345e22", "123456789012345e-22", "123456789012345e23",
		"1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309", "-1e400",
		"4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "-1e-400",
		"2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072014e-308",
		"1" + zeros, "0." + zeros + "1", "0." + zeros + "1e2001", "9007199254740993." + zeros + "1",
		"1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999",
		"0.5" + zeros + "1", "1.5e" + zeros + "1",
	} {
		checkNumber(t, text)
	}
	// strconv reads this as 0.
	if v, err := ParseJSON([]byte("1" + zeros + "e-2000")); err != nil || v.Number() != 1 {
		t.Errorf("1 and 2000 zeros, divided by as many: %g, %v", v.Number(), err)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range 5000 {
		f := math.Float64frombits(r.Uint64() &^ (1 << 63))
		if r.IntN(4) == 0 {
			f = math.Float64frombits(r.Uint64N(1 << 54)) // among the smallest
		}
		if math.IsInf(f, 0) || f != f {
			continue
		}
		checkNumber(t, strconv.FormatFloat(f, 'e', -1, 64))
		checkNumber(t, strconv.FormatFloat(f, 'f', 20, 64))
		checkNumber(t, fmt.Sprintf("%de%d", r.Uint64(), r.IntN(700)-370))
		// Exactly between two doubles, and a trace above and below.
		next := math.Nextafter(f, math.Inf(1))
		if math.IsInf(next, 1) {
			continue
		}
		middle := new(big.Float).SetPrec(3000).Add(big.NewFloat(f), big.NewFloat(next))
		middle.Quo(middle, big.NewFloat(2))
		trace := new(big.Float).SetMantExp(middle, -500)
		checkNumber(t, middle.Text('e', 780))
		checkNumber(t, new(big.Float).Add(middle, trace).Text('e', 780))
		checkNumber(t, new(big.Float).Sub(middle, trace).Text('e', 780))
	}
}
