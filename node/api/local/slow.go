package local

import "time"

const (
	callTimeout   = 60 * time.Second // that a command waits for an ordinary answer
	removeTimeout = 2 * time.Minute  // for one that first asks peers for what they have
	homesTimeout  = 5 * time.Minute  // for one that goes through every document, with peers
)

// slow bounds the methods that may take longer than others: those that wait for
// other devices.
var slow = map[string]time.Duration{
	"people.remove":    removeTimeout,
	"people.role":      removeTimeout,
	"links.revoke":     removeTimeout,
	"documents.leave":  removeTimeout,
	"devices.join":     removeTimeout,
	"devices.confirm":  removeTimeout,
	"recovery.create":  removeTimeout,
	"recovery.devices": removeTimeout,
	"devices.revoke":   homesTimeout,
	"recovery.restore": homesTimeout,
}

// timeFor is how long a command waits for the answer of a method.
func timeFor(method string) time.Duration {
	if d, ok := slow[method]; ok {
		return d
	}
	return callTimeout
}
