//go:build js

package discovery

// localService exists only where multicast DNS does.
type localService struct{}

func (d *Discovery) startLocal() {}
func (d *Discovery) stopLocal()  {}
