package api_test

import (
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/api"
)

func TestPeopleAndDevices(t *testing.T) {
	c := newCaller(t)
	var doc api.Document
	c.ask("documents.create", ask{"title": "Plan"}, &doc)
	var people struct {
		People []api.Person
		Me     string
	}
	c.ask("people.list", ask{"id": doc.ID}, &people)
	if len(people.People) != 1 || !people.People[0].Me || people.People[0].User != people.Me || people.People[0].Devices[0].Kind != "node" || people.People[0].Name != "Ada" {
		t.Errorf("people are %+v", people)
	}
	var card struct{ Card, User, Name string }
	c.ask("contacts.card", ask{}, &card)
	if !strings.HasPrefix(card.Card, "sheaf://card#v1.") || card.Name != "Ada" {
		t.Errorf("the card is %+v", card)
	}
	other := newCaller(t)
	var contact api.Contact
	if code := other.ask("contacts.add", ask{"card": card.Card, "name": "Ada L."}, &contact); code != "" || contact.User != card.User || contact.Devices != 1 {
		t.Errorf("%q, %+v", code, contact)
	}
	if code := other.ask("people.verify", ask{"user": card.User, "verified": true}, nil); code != "" {
		t.Error(code)
	}
	var contacts struct{ Contacts []api.Contact }
	other.ask("contacts.list", ask{}, &contacts)
	if len(contacts.Contacts) != 1 || contacts.Contacts[0].Name != "Ada L." || !contacts.Contacts[0].Verified {
		t.Errorf("contacts are %+v", contacts)
	}

	var words struct{ Words string }
	if code := c.ask("recovery.create", ask{}, &words); code != "" || len(strings.Fields(words.Words)) != 24 {
		t.Fatalf("%q, %d words", code, len(strings.Fields(words.Words)))
	}
	var devices api.OwnDevices
	c.ask("devices.list", ask{}, &devices)
	if len(devices.Devices) != 1 || !devices.Devices[0].Me || !devices.Recovery.Exists || devices.Recovery.CreatedAt == 0 || devices.User == card.User {
		t.Errorf("devices are %+v", devices)
	}
	// The home document is in no list.
	var list struct{ Documents []api.Document }
	c.ask("documents.list", ask{}, &list)
	if len(list.Documents) != 1 || list.Documents[0].ID != doc.ID {
		t.Errorf("the list is %+v", list.Documents)
	}
	c.ask("people.list", ask{"id": doc.ID}, &people)
	kinds := map[string]int{}
	for _, d := range people.People[0].Devices {
		kinds[d.Kind]++
	}
	if kinds["paper"] != 1 || kinds["node"] != 1 {
		t.Errorf("the document has devices %+v", people.People[0].Devices)
	}
	for name, r := range map[string]struct {
		method string
		req    ask
		want   api.Code
	}{
		"no document":       {"people.list", ask{"id": strings.Repeat("A", 43)}, api.NotFound},
		"no card":           {"contacts.add", ask{"card": "hello"}, api.LinkInvalid},
		"no user":           {"people.verify", ask{"user": "x"}, api.BadRequest},
		"no network":        {"devices.pair", ask{}, api.Offline},
		"nothing to answer": {"devices.confirm", ask{"accept": true}, api.NotFound},
		"no pairing link":   {"devices.join", ask{"link": "sheaf://join#v1.x"}, api.LinkInvalid},
		"no device":         {"devices.revoke", ask{"device": "x"}, api.BadRequest},
		"words twice":       {"recovery.create", ask{}, api.BadRequest},
		"a typo":            {"recovery.restore", ask{"words": strings.Replace(words.Words, " ", "x ", 1)}, api.BadRequest},
		"a strange hint":    {"recovery.restore", ask{"words": words.Words, "hints": []string{"over there"}}, api.BadRequest},
	} {
		if code := c.ask(r.method, r.req, nil); code != r.want {
			t.Errorf("%s: %q, want %q", name, code, r.want)
		}
	}
	var pairing api.Pairing
	if code := c.ask("devices.pairing", ask{}, &pairing); code != "" || pairing.State != "" {
		t.Errorf("%q, %+v", code, pairing)
	}
}
