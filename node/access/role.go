package access

import (
	"fmt"
	"runtime"
)

// Role is what an authority allows, each more than the one below.
type Role uint8

// The roles. A doorkeeper answers requests to join and sees nothing else.
const (
	Doorkeeper Role = iota
	Viewer
	Commenter
	Editor
	Owner
)

var roleNames = [...]string{"doorkeeper", "viewer", "commenter", "editor", "owner"}

// String returns the role's name in lower case.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// ParseRole reads what String returns.
func ParseRole(s string) (Role, error) {
	for r, name := range roleNames {
		if s == name {
			return Role(r), nil
		}
	}
	return 0, fmt.Errorf("parse role: %q is none", s)
}

// letsIn reports whether the role may answer requests to join.
func (r Role) letsIn() bool { return r == Doorkeeper || r == Editor || r == Owner }

// DeviceKind says what a device is. It is shown and decides nothing.
type DeviceKind uint8

// The kinds of devices.
const (
	DevicePaper   DeviceKind = iota // a key written down, kept offline
	DeviceNative                    // a node of its own
	DeviceBrowser                   // a node in a browser
	maxDeviceKind = 15              // room for more, not judged
)

// thisDevice is the kind of device that this program runs on.
func thisDevice() DeviceKind {
	if runtime.GOOS == "js" {
		return DeviceBrowser
	}
	return DeviceNative
}
