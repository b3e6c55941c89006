package node

import (
	"crypto/subtle"
	"strings"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// The links a device made are in the home document too, so that the user's other
// devices can show them again. They do nothing else with them: only the device
// that made a link looks after it.

// homeLink is a link that a device of this user made.
type homeLink struct {
	Secret string `json:"secret"`
	Label  string `json:"label,omitempty"`
}

// linkRef names a link of a document, in the home document by both ids.
type linkRef struct {
	doc wire.DocID
	op  wire.OpID
}

func (r linkRef) String() string { return r.doc.String() + "." + r.op.String() }

func parseLinkRef(s string) (r linkRef, err error) {
	doc, op, _ := strings.Cut(s, ".")
	if r.doc, err = wire.ParseDocID(doc); err == nil {
		r.op, err = wire.ParseOpID(op)
	}
	return r, err
}

// tendHomeLinks takes the links of a document that the home document tells of,
// and enters those this device made. What lets nobody in any more is deleted:
// by every device what the access log has ended, by the maker also what is over
// by its clock. Called with mu held.
func (d *Document) tendHomeLinks(home wire.DocID, h *homeData) (changes []homeChange) {
	shared := map[wire.OpID]*linkRecord{}
	for _, invite := range d.access.Invites() {
		ref := linkRef{d.id, invite.Op}
		said, told := h.links[ref]
		made, state := d.links[invite.Op], d.linkState(&invite)
		switch {
		case told && (state == LinkRevoked || state == LinkClosed || made != nil && state != LinkOpen):
			changes = append(changes, homeChange{homeLinks, ref.String(), nil})
		case told && made == nil && len(shared) < maxOpenLinks:
			if rec := d.takeHomeLink(&invite, said); rec != nil {
				shared[invite.Op] = rec
			}
		case !told && made != nil && state == LinkOpen && made.toldIn != home:
			changes = append(changes, homeChange{homeLinks, ref.String(), homeLink{homeText.EncodeToString(made.Secret), made.Label}})
		}
		if made != nil {
			made.toldIn = home // once: another device may know already that it has ended
		}
	}
	if len(shared) > 0 || len(d.sharedLinks) > 0 {
		d.sharedLinks, d.changed = shared, true
	}
	return changes
}

// takeHomeLink reads a link of another own device; nil if it is not the invite's.
func (d *Document) takeHomeLink(invite *access.InviteInfo, said homeLink) *linkRecord {
	secret, err := homeText.DecodeString(said.Secret)
	if err != nil || len(secret) != len(access.Link{}.Secret) || len(said.Label) > maxLabelBytes || !utf8.ValidString(said.Label) {
		return nil
	}
	if old := d.sharedLinks[invite.Op]; old != nil && subtle.ConstantTimeCompare(old.Secret, secret) == 1 && old.Label == said.Label {
		return old
	}
	keys, err := access.DeriveInvite([16]byte(secret))
	if err != nil || keys.Public() != invite.Sign {
		return nil
	}
	return &linkRecord{Op: invite.Op, Secret: secret, Label: said.Label, keys: keys}
}

// linkHeld is what this device has of a link: its own, or of another device of
// its user.
func (d *Document) linkHeld(op wire.OpID) *linkRecord {
	if rec := d.links[op]; rec != nil {
		return rec
	}
	return d.sharedLinks[op]
}
