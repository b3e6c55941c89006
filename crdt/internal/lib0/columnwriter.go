package lib0

// UintColumnWriter writes a UintColumn. The zero one is empty.
type UintColumnWriter struct {
	buf   []byte
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
}

// Append appends the length-prefixed column and empties it.
func (w *UintColumnWriter) Append(dst []byte) []byte {
	w.flush()
	dst = AppendBytes(dst, w.buf)
	*w = UintColumnWriter{buf: w.buf[:0]}
	return dst
}

// IntDiffColumnWriter writes an IntDiffColumn. The zero one is empty.
type IntDiffColumnWriter struct {
	buf         []byte
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
}

// Append appends the length-prefixed column and empties it.
func (w *IntDiffColumnWriter) Append(dst []byte) []byte {
	w.flush()
	dst = AppendBytes(dst, w.buf)
	*w = IntDiffColumnWriter{buf: w.buf[:0]}
	return dst
}

// ByteColumnWriter writes a ByteColumn. The zero one is empty.
type ByteColumnWriter struct {
	buf   []byte
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
}

// Append appends the length-prefixed column and empties it.
func (w *ByteColumnWriter) Append(dst []byte) []byte {
	dst = AppendBytes(dst, w.buf)
	*w = ByteColumnWriter{buf: w.buf[:0]}
	return dst
}

// StringColumnWriter writes a StringColumn. The zero one is empty.
type StringColumnWriter struct {
	text  []byte
	units UintColumnWriter
}

// Add adds a string, which is UTF-8, of so many UTF-16 units.
func (w *StringColumnWriter) Add(s []byte, units uint64) {
	w.text = append(w.text, s...)
	w.units.Add(units)
}

// AddString is Add for any string whose length is not known. Lone surrogates
// become U+FFFD, as in AppendString.
func (w *StringColumnWriter) AddString(s string) {
	if hasSurrogate(s) {
		s = replaceSurrogates(s)
	}
	w.text = append(w.text, s...)
	w.units.Add(uint64(UTF16LenString(s)))
}

// Append appends the length-prefixed column and empties it.
func (w *StringColumnWriter) Append(dst []byte) []byte {
	w.units.flush()
	size := UintLen(uint64(len(w.text))) + len(w.text) + len(w.units.buf)
	dst = AppendBytes(AppendUint(dst, uint64(size)), w.text)
	dst = append(dst, w.units.buf...)
	*w = StringColumnWriter{text: w.text[:0], units: UintColumnWriter{buf: w.units.buf[:0]}}
	return dst
}
