package lib0

import "math"

// parseFloat returns the double nearest to a number as JSON writes it, of two
// equally near ones the even one, and infinity for what is too large, as
// JavaScript does. strconv.ParseFloat does so too, but with its tables and all
// that its errors print it is 16 kB of the program that a browser has to fetch.
func parseFloat(text []byte) float64 {
	if text[0] == '-' {
		return -parseFloat(text[1:])
	}
	d := parseDecimal(text)
	if len(d.digits) <= exactDigits {
		if f, exact := d.quick(); exact {
			return f
		}
	}
	return d.float()
}

// decimal is the number 0.d₁d₂d₃… × 10^point. It begins and ends with a digit
// that is not 0.
type decimal struct {
	digits []byte
	point  int
}

// maxDigits is more than it takes to write the middle between two doubles, which
// is 767. Beyond that only counts whether there is anything at all.
const maxDigits = 800

func parseDecimal(text []byte) decimal {
	var digits []byte
	point, exponent, sign := len(text), 0, 1
	for i, c := range text {
		switch {
		case c == '.':
			point = len(digits)
		case c == 'e' || c == 'E':
			point = min(point, len(digits))
			for _, c := range text[i+1:] {
				switch {
				case c == '-':
					sign = -1
				case c != '+' && exponent < 1<<27:
					exponent = 10*exponent + int(c-'0')
				}
			}
			return newDecimal(digits, point+sign*exponent)
		default:
			digits = append(digits, c-'0')
		}
	}
	return newDecimal(digits, min(point, len(digits)))
}

// Not inlined: a page is smaller for it.
//
//go:noinline
func newDecimal(digits []byte, point int) decimal {
	for len(digits) > 0 && digits[0] == 0 {
		digits = digits[1:]
		point--
	}
	for len(digits) > 0 && digits[len(digits)-1] == 0 {
		digits = digits[:len(digits)-1]
	}
	if len(digits) > maxDigits {
		digits = digits[:maxDigits]
		digits[maxDigits-1] |= 1 // there is something
	}
	return decimal{digits, point}
}

// exactDigits is how many digits a double always holds, and exactPower the
// highest power of ten that it does.
const (
	exactDigits = 15
	exactPower  = 22
)

// quick returns a number of few digits if one step that rounds leads to it.
func (d decimal) quick() (f float64, exact bool) {
	for _, digit := range d.digits {
		f = 10*f + float64(digit)
	}
	power := 1.0
	shift := d.point - len(d.digits)
	if shift < -exactPower || shift > exactPower {
		return 0, f == 0
	}
	for range max(shift, -shift) {
		power *= 10
	}
	if shift < 0 {
		return f / power, true
	}
	return f * power, true
}

// float moves the number by powers of two until it is a double's fraction, and
// rounds that.
func (d decimal) float() float64 {
	if d.point > 310 {
		return math.Inf(1)
	}
	if d.point < -330 {
		return 0
	}
	exponent := 0 // the number is d × 2^exponent
	for d.point > 0 {
		n := min(3*d.point, maxShift)
		d, exponent = d.shiftRight(n), exponent+n
	}
	for d.point < 0 || d.digits[0] < 5 {
		n := min(max(-3*d.point, 1), maxShift)
		d, exponent = d.shiftLeft(n), exponent-n
	}
	if exponent > 1024 {
		return math.Inf(1)
	}
	if exponent < -1074 {
		return 0
	}
	// d is at least ½ and below 1: as a double it has 53 bits, a small one fewer.
	fraction := d.shiftLeft(min(53, exponent+1074)).round()
	return math.Float64frombits(uint64(max(exponent+1021, 0))<<52 + fraction)
}

// maxShift is by how much a decimal can be shifted at a time without overflow.
const maxShift = 60

// shiftRight returns d / 2^n.
func (d decimal) shiftRight(n int) decimal {
	var out []byte
	rest := uint64(0)
	for i := 0; i < len(d.digits) || rest > 0; i++ {
		rest *= 10
		if i < len(d.digits) {
			rest += uint64(d.digits[i])
		}
		out = append(out, byte(rest>>n))
		rest &= 1<<n - 1
	}
	return newDecimal(out, d.point)
}

// shiftLeft returns d × 2^n.
func (d decimal) shiftLeft(n int) decimal {
	const room = 20 // 2^maxShift has 19 digits
	out := make([]byte, room+len(d.digits))
	carry := uint64(0)
	for i := len(out) - 1; i >= 0; i-- {
		if i >= room {
			carry += uint64(d.digits[i-room]) << n
		}
		out[i] = byte(carry % 10)
		carry /= 10
	}
	return newDecimal(out, d.point+room)
}

// round returns the nearest integer, of two the even one.
func (d decimal) round() (n uint64) {
	for i := range max(d.point, 0) {
		n *= 10
		if i < len(d.digits) {
			n += uint64(d.digits[i])
		}
	}
	if d.point < 0 || d.point >= len(d.digits) {
		return n
	}
	rest := d.digits[d.point:]
	if rest[0] > 5 || rest[0] == 5 && (len(rest) > 1 || n%2 == 1) {
		n++
	}
	return n
}
