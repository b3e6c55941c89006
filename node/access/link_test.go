package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

var testLink = Link{
	Doc: wire.DocID{1, 2, 3}, Secret: [16]byte{4, 5, 6},
	Hints: []string{
		"/ip4/192.168.1.7/udp/4001/quic-v1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
		"/ip4/192.168.1.7/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
	},
}

func TestLinkForms(t *testing.T) {
	text := testLink.String()
	payload := strings.TrimPrefix(text, "sheaf://join")
	wrapped := text[:70] + "\r\n  " + text[70:140] + "\n" + text[140:]
	for _, s := range []string{
		text, " \t" + text + "\n", "<" + text + ">", "\"" + text + "\"", text + ".", "(" + text + "),", wrapped,
		testLink.Web("http://127.0.0.1:4000"), testLink.Web("https://example.org/"),
		payload, strings.TrimPrefix(payload, "#"),
	} {
		l, err := ParseLink(s)
		if err != nil || l.Doc != testLink.Doc || l.Secret != testLink.Secret || !slices.Equal(l.Hints, testLink.Hints) {
			t.Errorf("%q: %+v, %v", s, l, err)
		}
	}
	many := testLink
	for range 20 {
		many.Hints = append(many.Hints, testLink.Hints[0], "no address")
	}
	l, err := ParseLink(many.String())
	if err != nil || len(l.Hints) != MaxHints {
		t.Fatalf("%d hints, %v", len(l.Hints), err)
	}
	if n := len(many.String()); n > 900 {
		t.Errorf("the longest link has %d characters", n)
	}
}

// TestDamagedLinks cuts a link everywhere and changes each of its characters: all
// of it is noticed.
func TestDamagedLinks(t *testing.T) {
	text := testLink.String()
	start := len("sheaf://join#")
	for i := range text {
		if _, err := ParseLink(text[:i]); !errors.Is(err, ErrLink) {
			t.Fatalf("cut after %d characters: %v", i, err)
		}
		if i < start {
			continue
		}
		for _, c := range "Ab0_-. é" {
			changed := text[:i] + string(c) + text[i+1:]
			if c == ' ' || changed == text {
				continue
			}
			if _, err := ParseLink(changed); !errors.Is(err, ErrLink) {
				t.Fatalf("character %d changed to %q: %v", i, c, err)
			}
		}
		if _, err := ParseLink(text[:i] + text[i+1:]); !errors.Is(err, ErrLink) {
			t.Fatalf("character %d left out: %v", i, err)
		}
	}
	if _, err := ParseLink(strings.Repeat("a", MaxLinkBytes+1)); !errors.Is(err, ErrLink) {
		t.Fatal("a text without end is taken for a link")
	}
}

func ExampleParseLink() {
	link := Link{Doc: wire.DocID{1}, Secret: [16]byte{2}, Hints: []string{"/ip4/192.168.1.7/tcp/4001"}}
	text := link.Web("http://127.0.0.1:4000")
	back, err := ParseLink(" " + text + "\n")
	fmt.Println(back.Doc == link.Doc, back.Hints, err)
	_, err = ParseLink(text[:len(text)-8])
	fmt.Println(err)
	// Output:
	// true [/ip4/192.168.1.7/tcp/4001] <nil>
	// this is not a usable link: its end is missing; copy the whole link again
}
