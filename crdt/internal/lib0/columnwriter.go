package lib0

// columnBytes is what a column consists of.
type columnBytes struct {
	full Buffer
	buf  []byte // behind it
}

// spill puts buf aside if it has become long.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (c *columnBytes) spill() { c.buf = c.full.Spill(c.buf) }

func (c *columnBytes) len() int { return c.full.Len() + len(c.buf) }

func (c *columnBytes) prefixedLen() int { return UintLen(uint64(c.len())) + c.len() }

// moveTo appends the bytes to dst and leaves a buffer for the next column.
func (c *columnBytes) moveTo(dst []byte) []byte {
	dst = append(c.full.MoveTo(dst, c.full.Len()), c.buf...)
	*c = columnBytes{buf: c.buf[:0]}
	return dst
}

// appendTo is moveTo with the length in front.
func (c *columnBytes) appendTo(dst []byte) []byte {
	return c.moveTo(AppendUint(dst, uint64(c.len())))
}

// UintColumnWriter writes a UintColumn. The zero one is empty.
type UintColumnWriter struct {
	columnBytes
	count uint64 // how often value was added
	value uint64
}

// Add adds a value.
func (w *UintColumnWriter) Add(v uint64) {
	if w.value == v {
		w.count++
		return
	}
	w.flush()
	w.value, w.count = v, 1
}

func (w *UintColumnWriter) flush() {
	if w.count == 0 {
		return
	}
	w.buf = AppendInt(w.buf, w.value, w.count > 1)
	if w.count > 1 {
		w.buf = AppendUint(w.buf, w.count-2)
	}
	w.count = 0
	w.spill()
}

// End ends the column and returns how many bytes Append will append.
func (w *UintColumnWriter) End() int {
	w.flush()
	return w.prefixedLen()
}

// Append appends the length-prefixed column and empties it.
func (w *UintColumnWriter) Append(dst []byte) []byte {
	w.flush()
	dst = w.appendTo(dst)
	*w = UintColumnWriter{columnBytes: w.columnBytes}
	return dst
}

// IntDiffColumnWriter writes an IntDiffColumn. The zero one is empty.
type IntDiffColumnWriter struct {
	columnBytes
	count       uint64 // how often step was added
	value, step int64
}

// Add adds a value.
func (w *IntDiffColumnWriter) Add(v uint64) {
	step := int64(v) - w.value
	w.value = int64(v)
	if w.step == step {
		w.count++
		return
	}
	w.flush()
	w.step, w.count = step, 1
}

func (w *IntDiffColumnWriter) flush() {
	if w.count == 0 {
		return
	}
	n := 2 * w.step
	if w.count > 1 {
		n++
	}
	if n < 0 {
		w.buf = AppendInt(w.buf, uint64(-n), true)
	} else {
		w.buf = AppendInt(w.buf, uint64(n), false)
	}
	if w.count > 1 {
		w.buf = AppendUint(w.buf, w.count-2)
	}
	w.count = 0
	w.spill()
}

// End ends the column and returns how many bytes Append will append.
func (w *IntDiffColumnWriter) End() int {
	w.flush()
	return w.prefixedLen()
}

// Append appends the length-prefixed column and empties it.
func (w *IntDiffColumnWriter) Append(dst []byte) []byte {
	w.flush()
	dst = w.appendTo(dst)
	*w = IntDiffColumnWriter{columnBytes: w.columnBytes}
	return dst
}

// ByteColumnWriter writes a ByteColumn. The zero one is empty.
type ByteColumnWriter struct {
	columnBytes
	count uint64 // how often value was added
	value byte
}

// Add adds a value.
func (w *ByteColumnWriter) Add(v byte) {
	if w.count > 0 && w.value == v {
		w.count++
		return
	}
	if w.count > 0 {
		w.buf = AppendUint(w.buf, w.count-1)
	}
	w.buf = append(w.buf, v)
	w.value, w.count = v, 1
	w.spill()
}

// End ends the column and returns how many bytes Append will append.
func (w *ByteColumnWriter) End() int { return w.prefixedLen() }

// Append appends the length-prefixed column and empties it.
func (w *ByteColumnWriter) Append(dst []byte) []byte {
	dst = w.appendTo(dst)
	*w = ByteColumnWriter{columnBytes: w.columnBytes}
	return dst
}

// StringColumnWriter writes a StringColumn. The zero one is empty.
type StringColumnWriter struct {
	text  columnBytes
	units UintColumnWriter
}

// Add adds a string, which is UTF-8, of so many UTF-16 units.
func (w *StringColumnWriter) Add(s []byte, units uint64) {
	w.text.buf = append(w.text.buf, s...)
	w.text.spill()
	w.units.Add(units)
}

// AddString is Add for any string whose length is not known. Lone surrogates
// become U+FFFD, as in AppendString.
func (w *StringColumnWriter) AddString(s string) {
	s = WellFormed(s)
	w.text.buf = append(w.text.buf, s...)
	w.text.spill()
	w.units.Add(uint64(UTF16LenString(s)))
}

// Append appends the length-prefixed column and empties it.
func (w *StringColumnWriter) Append(dst []byte) []byte {
	dst = AppendUint(dst, uint64(w.len()))
	dst = w.units.moveTo(w.text.appendTo(dst))
	*w = StringColumnWriter{text: w.text, units: UintColumnWriter{columnBytes: w.units.columnBytes}}
	return dst
}

// len ends the column and returns its length.
func (w *StringColumnWriter) len() int {
	w.units.flush()
	return w.text.prefixedLen() + w.units.len()
}

// End ends the column and returns how many bytes Append will append.
func (w *StringColumnWriter) End() int { return UintLen(uint64(w.len())) + w.len() }
