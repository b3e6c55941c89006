package codec

// Convert returns an update of one format in another, with the same structs and
// delete set.
func Convert(from, to Format, update []byte) ([]byte, error) {
	return rewrite(from, to, update, func(*Struct) {})
}

// rewrite writes an update again, each struct as change makes it.
func rewrite(from, to Format, update []byte, change func(*Struct)) ([]byte, error) {
	w := NewWriter(to)
	r := NewFormatReader(from, update)
	for r.Next() {
		change(&r.Struct)
		w.Struct(&r.Struct, 0)
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	deletes, err := r.Deletes()
	if err != nil {
		return nil, err
	}
	deletes.Group()
	return w.Finish(deletes), nil
}
