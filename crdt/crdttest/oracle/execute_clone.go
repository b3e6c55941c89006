package oracle

// clone goes on with a copy of the document.
func (r *replica) clone() error {
	d, err := r.doc.Clone(r.config())
	if err == nil {
		r.attach(d)
	}
	return err
}
