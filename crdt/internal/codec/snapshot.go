package codec

// AppendDeletes appends a delete set, which must be grouped by client.
func AppendDeletes(f Format, dst []byte, r Ranges) []byte {
	return r.append(dst, f, nil)
}

// ReadSnapshot reads a delete set and the state vector behind it, whose entries
// it yields. A snapshot of format 2 has no columns.
func ReadSnapshot(f Format, b []byte, yield func(client, clock uint64)) (Ranges, error) {
	var in input
	in.d.Reset(b, 0)
	if len(b) > MaxUpdateBytes {
		return nil, ErrTooLarge
	}
	if f != V1 {
		in.cols = &columns{}
	}
	deletes, err := in.deletes(nil)
	if err != nil {
		return nil, err
	}
	return deletes, ReadStateVector(b[in.d.Pos():], yield)
}
