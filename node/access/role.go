package access

import "fmt"

// Role is what a grant lets a device do. A higher role includes the lower
// ones, but for Doorkeeper, which only lets people in.
type Role uint8

// The roles.
const (
	Doorkeeper Role = 0 // signs grants by way of invites; holds no key
	Viewer     Role = 1 // reads
	Commenter  Role = 2 // and comments
	Editor     Role = 3 // and edits, and lets people in by a link
	Owner      Role = 4 // and grants, invites and removes
)

var roleNames = [...]string{"doorkeeper", "viewer", "commenter", "editor", "owner"}

// String names the role.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// admits says whether the role lets bearers of an invite in.
func (r Role) admits() bool { return r == Owner || r == Editor || r == Doorkeeper }
