package codec

// Diff returns the update without the structs that a replica with the given
// state knows. The delete set stays whole.
func Diff(f Format, update []byte, known func(client uint64) uint64) ([]byte, error) {
	w := NewWriter(f)
	r := NewFormatReader(f, update)
	s := &r.Struct
	for more := r.Next(); more; {
		client, clock := s.Client, known(s.Client)
		switch {
		case s.Ref == RefSkip: // what is written never starts with a gap
			more = r.Next()
		case s.End() > clock:
			offset := uint64(0)
			if clock > s.Clock {
				offset = clock - s.Clock
			}
			w.Struct(s, offset)
			for more = r.Next(); more && s.Client == client; more = r.Next() {
				w.Struct(s, 0)
			}
		default:
			for more && s.Client == client && s.End() <= clock {
				more = r.Next()
			}
		}
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

// StateVector yields what a replica knows that starts with this update: for
// each client the clock up to which nothing is missing.
func StateVector(f Format, update []byte, yield func(client, clock uint64)) error {
	r := NewFormatReader(f, update)
	s := &r.Struct
	var client, clock uint64
	started, stopped := false, false
	flush := func() {
		if clock != 0 {
			yield(client, clock)
		}
	}
	for r.Next() {
		if !started || s.Client != client {
			flush()
			started, client, clock, stopped = true, s.Client, 0, s.Clock != 0
		}
		if s.Ref == RefSkip {
			stopped = true
		}
		if !stopped {
			clock = s.End()
		}
	}
	if r.Err() != nil {
		return r.Err()
	}
	if _, err := r.Deletes(); err != nil {
		return err
	}
	flush()
	return nil
}
