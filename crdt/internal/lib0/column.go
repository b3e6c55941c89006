package lib0

import "unicode/utf8"

// Update format 2 stores each kind of field in a column of its own, in which
// repetitions are written once with a count. The types here read such columns;
// those of columnwriter.go write them. A count costs nothing to read: values
// are repeated as they are asked for, and how often that is the caller bounds.
//
// A column lies in the input of a Decoder, which its methods take, and which
// remembers what goes wrong. Columns are values: a copy goes on by itself.

// column is a stretch of a Decoder's input.
type column struct{ pos, end uint32 }

// column reads a length and passes over that much of the input, of which at
// most MaxUint32 bytes are there.
func (d *Decoder) column() column {
	n := d.Uint()
	start := d.pos
	d.Take(n)
	if d.err != nil {
		return column{}
	}
	return column{uint32(start), uint32(d.pos)}
}

// within returns a Decoder of what is left of the column.
func (c *column) within(d *Decoder) Decoder {
	return Decoder{buf: d.buf[:c.end], pos: int(c.pos), err: d.err}
}

// advance takes over how far a Decoder from within came.
func (c *column) advance(d, inner *Decoder) {
	if inner.err != nil {
		d.Fail(inner.err)
	}
	c.pos = uint32(inner.pos)
}

// UintColumn reads unsigned integers: a value, or the value negated and how
// often it follows, less two (UintOptRle).
type UintColumn struct {
	column
	left  uint64 // how often value is still to come
	value uint64
}

// UintColumn reads a length-prefixed column.
func (d *Decoder) UintColumn() UintColumn { return UintColumn{column: d.column()} }

// Next reads the next value.
func (c *UintColumn) Next(d *Decoder) uint64 {
	if c.left == 0 {
		c.refill(d)
	}
	c.left--
	return c.value
}

func (c *UintColumn) refill(d *Decoder) {
	if n, repeated, next := quickInt(d.buf[:c.end], int(c.pos)); next > 0 && n <= MaxSafeInteger && !repeated {
		c.value, c.left, c.pos = n, 1, uint32(next)
		return
	}
	in := c.within(d)
	var repeated bool
	c.value, repeated = in.Int()
	c.left = 1
	if repeated {
		c.left = in.Uint() + 2
	}
	c.advance(d, &in)
}

// IntDiffColumn reads integers that grow in steps: twice the step, and, if
// that is odd, how often it follows, less two (IntDiffOptRle).
type IntDiffColumn struct {
	column
	left        uint64 // how often step is still to come
	value, step int64
}

// IntDiffColumn reads a length-prefixed column.
func (d *Decoder) IntDiffColumn() IntDiffColumn { return IntDiffColumn{column: d.column()} }

// Next reads the next value.
func (c *IntDiffColumn) Next(d *Decoder) uint64 {
	if c.left == 0 {
		c.refill(d)
	}
	c.left--
	c.value += c.step
	if uint64(c.value) > MaxSafeInteger { // or below zero
		d.Fail(ErrIntegerRange)
		c.value, c.step = 0, 0
	}
	return uint64(c.value)
}

func (c *IntDiffColumn) refill(d *Decoder) {
	if n, negative, next := quickInt(d.buf[:c.end], int(c.pos)); next > 0 && n <= MaxSafeInteger && n&1 == 0 {
		if c.step = int64(n >> 1); negative {
			c.step = -c.step
		}
		c.left, c.pos = 1, uint32(next)
		return
	}
	in := c.within(d)
	magnitude, negative := in.int(2*MaxSafeInteger + 1)
	n := int64(magnitude)
	if negative {
		n = -n
	}
	c.step, c.left = n>>1, 1
	if n&1 != 0 {
		c.left = in.Uint() + 2
	}
	c.advance(d, &in)
}

// ByteColumn reads bytes: a value and how often it follows, less one; the last
// value goes on for ever (Rle).
type ByteColumn struct {
	column
	left  uint64 // how often value is still to come
	value byte
}

// ByteColumn reads a length-prefixed column.
func (d *Decoder) ByteColumn() ByteColumn { return ByteColumn{column: d.column()} }

// Next reads the next value.
func (c *ByteColumn) Next(d *Decoder) byte {
	if c.left == 0 {
		c.refill(d)
	}
	c.left--
	return c.value
}

func (c *ByteColumn) refill(d *Decoder) {
	in := c.within(d)
	c.value = in.Byte()
	c.left = 1<<64 - 1
	if in.Remaining() > 0 {
		c.left = in.Uint() + 1
	}
	c.advance(d, &in)
}

// StringColumn reads strings: all of them as one, and the length of each in
// UTF-16 units (the lib0 string encoder).
type StringColumn struct {
	text  column
	units UintColumn
	ascii bool // each unit is a byte
	// half tells that the last string ended inside a surrogate pair, which is
	// four bytes before text.
	half bool
}

// StringColumn reads a length-prefixed column.
func (d *Decoder) StringColumn() StringColumn {
	all := d.column()
	in := all.within(d)
	text := in.String()
	c := StringColumn{text: column{uint32(in.pos - len(text)), uint32(in.pos)}, ascii: isASCII(text)}
	c.units.column = column{uint32(in.pos), all.end}
	if in.err != nil {
		d.Fail(in.err)
	}
	return c
}

// Next reads the next string and returns it with its length in UTF-16 units. It
// lies in the input, unless it begins or ends inside a surrogate pair, of which
// each half is U+FFFD.
func (c *StringColumn) Next(d *Decoder) (text []byte, units uint64) {
	n := c.units.Next(d)
	rest := d.buf[c.text.pos:c.text.end:c.text.end]
	if c.ascii && n <= uint64(len(rest)) {
		c.text.pos += uint32(n)
		return rest[:n:n], n
	}
	return c.next(d, rest, n)
}

// next is Next where characters may take several bytes.
func (c *StringColumn) next(d *Decoder, rest []byte, n uint64) ([]byte, uint64) {
	begun := c.half
	want := n
	if begun && n > 0 {
		want, c.half = n-1, false
	}
	size, got := 0, uint64(0)
	for got < want && size < len(rest) {
		b := rest[size]
		size++
		if b < utf8.RuneSelf {
			got++
			continue
		}
		got += uint64(units(b))
		for size < len(rest) && rest[size]&0xc0 == 0x80 {
			size++
		}
	}
	switch {
	case got < want:
		d.Fail(ErrUnexpectedEnd)
		return nil, 0
	case got > want:
		c.half = true
	}
	c.text.pos += uint32(size)
	if !c.half && !begun || n == 0 {
		return rest[:size:size], n
	}
	var parted []byte
	if begun {
		parted = append(parted, Replacement...)
	}
	if c.half {
		return append(append(parted, rest[:size-utf8.UTFMax]...), Replacement...), n
	}
	return append(parted, rest[:size]...), n
}
