package lib0

import "math"

// Any reads a value in the "any" encoding.
func (d *Decoder) Any() Any { return d.any(0) }

func (d *Decoder) any(depth int) Any {
	if depth > MaxDepth {
		d.Fail(ErrDepth)
		return Any{}
	}
	switch tag := d.Byte(); tag {
	case 127:
		return Any{}
	case 126:
		return Null()
	case 125:
		magnitude, negative := d.Int()
		if negative {
			return Number(math.Copysign(float64(magnitude), -1))
		}
		return Number(float64(magnitude))
	case 124:
		return Number(d.float32())
	case 123:
		return Number(math.Float64frombits(d.uint64()))
	case 122:
		return BigInt(int64(d.uint64()))
	case 121:
		return Bool(false)
	case 120:
		return Bool(true)
	case 119:
		return String(string(d.String()))
	case 118:
		return d.object(depth)
	case 117:
		n := d.Uint()
		var list []Any
		for i := uint64(0); i < n && d.err == nil; i++ {
			list = append(list, d.any(depth+1))
		}
		return Array(list)
	case 116:
		return Bytes(d.Bytes())
	default:
		if d.err == nil {
			d.Fail(ErrValueType)
		}
		return Any{}
	}
}

func (d *Decoder) object(depth int) Any {
	n := d.Uint()
	var keys []string
	var list []Any
	for i := uint64(0); i < n && d.err == nil; i++ {
		key := string(d.String())
		v := d.any(depth + 1)
		if key == "__proto__" { // sets the prototype in JavaScript, no entry
			continue
		}
		keys, list = append(keys, key), append(list, v)
	}
	return Object(keys, list)
}

// SkipAny checks and passes over a value without building it.
func (d *Decoder) SkipAny() { d.skipAny(0) }

func (d *Decoder) skipAny(depth int) {
	if depth > MaxDepth {
		d.Fail(ErrDepth)
		return
	}
	switch d.Byte() {
	case 127, 126, 121, 120:
	case 125:
		d.Int()
	case 124:
		d.Take(4)
	case 123, 122:
		d.Take(8)
	case 119:
		d.String()
	case 118:
		n := d.Uint()
		for i := uint64(0); i < n && d.err == nil; i++ {
			d.String()
			d.skipAny(depth + 1)
		}
	case 117:
		n := d.Uint()
		for i := uint64(0); i < n && d.err == nil; i++ {
			d.skipAny(depth + 1)
		}
	case 116:
		d.Bytes()
	default:
		if d.err == nil {
			d.Fail(ErrValueType)
		}
	}
}

// IsNullish tells whether an encoded value is null or undefined.
func IsNullish(encoded []byte) bool { return encoded[0] == 126 || encoded[0] == 127 }
