package comments_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors in docs/formats/vectors instead of checking them")

// samples is one record of each kind.
func samples() map[string]comments.Record {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	target := wire.EntryID(bytes.Repeat([]byte{0xe1}, 32))
	mentions := []wire.UserID{wire.UserID(bytes.Repeat([]byte{1}, 32)), wire.UserID(bytes.Repeat([]byte{2}, 32))}
	return map[string]comments.Record{
		"comment": {
			Kind: comments.KindComment, At: at, Anchor: comments.Anchor{From: []byte{0, 1, 2, 0}, To: []byte{0, 1, 9, 0xff}},
			Quote: "the café", Text: "Which one?\n@Ada", Mentions: mentions,
		},
		"reply":   {Kind: comments.KindReply, At: at, Target: target, Text: "The old one.", Mentions: []wire.UserID{}},
		"edit":    {Kind: comments.KindEdit, At: at, Target: target, Text: "The new one.", Mentions: mentions[:1]},
		"delete":  {Kind: comments.KindDelete, At: at, Target: target},
		"resolve": {Kind: comments.KindResolve, At: at, Target: target, Resolved: true},
		"profile": {Kind: comments.KindProfile, At: at, Name: "Ada", Label: "ada@example.org", Colour: 0x3b82f6},
	}
}

func TestRecordsComeBack(t *testing.T) {
	for name, r := range samples() {
		b, err := r.Encode()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := comments.Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("%s came back as %+v", name, got)
		}
	}
}

func TestRecordsBeyondALimitAreRefused(t *testing.T) {
	faults := map[string]func(*comments.Record){
		"empty text":        func(r *comments.Record) { r.Text = "" },
		"long text":         func(r *comments.Record) { r.Text = strings.Repeat("x", comments.MaxTextBytes+1) },
		"long quote":        func(r *comments.Record) { r.Quote = strings.Repeat("x", comments.MaxQuoteBytes+1) },
		"no anchor":         func(r *comments.Record) { r.Anchor.From = nil },
		"long anchor":       func(r *comments.Record) { r.Anchor.To = make([]byte, comments.MaxAnchorBytes+1) },
		"mentions unsorted": func(r *comments.Record) { r.Mentions = []wire.UserID{{2}, {1}} },
		"mentioned twice":   func(r *comments.Record) { r.Mentions = []wire.UserID{{1}, {1}} },
		"too many mentions": func(r *comments.Record) { r.Mentions = manyUsers(comments.MaxMentions + 1) },
		"before 1970":       func(r *comments.Record) { r.At = time.UnixMilli(-1) },
		"unknown kind":      func(r *comments.Record) { r.Kind = 6 },
		"text is not UTF-8": func(r *comments.Record) { r.Text = "\xff" },
		"nameless profile":  func(r *comments.Record) { r.Kind = comments.KindProfile },
		"colour beyond RGB": func(r *comments.Record) { r.Kind, r.Name, r.Colour = comments.KindProfile, "A", 1<<24 },
	}
	for name, change := range faults {
		r := samples()["comment"]
		change(&r)
		if _, err := r.Encode(); !errors.Is(err, comments.ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyUsers(n int) []wire.UserID {
	users := make([]wire.UserID, n)
	for i := range users {
		users[i] = wire.UserID{byte(i >> 8), byte(i)}
	}
	return users
}

// TestForeignBytesAreJudged takes bytes that Encode does not make.
func TestForeignBytesAreJudged(t *testing.T) {
	b, err := samples()["comment"].Encode()
	if err != nil {
		t.Fatal(err)
	}
	with := func(i int, x byte) []byte {
		c := bytes.Clone(b)
		c[i] = x
		return c
	}
	cases := map[string]struct {
		b    []byte
		want error
	}{
		"nothing":         {nil, comments.ErrRecord},
		"a newer version": {with(1, 2), wire.ErrUnknownVersion},
		"a newer kind":    {with(2, 9), comments.ErrUnknownKind},
		"another shape":   {with(2, 3), comments.ErrRecord},
		"bytes behind":    {append(bytes.Clone(b), 0), comments.ErrRecord},
		"too long":        {make([]byte, comments.MaxRecordBytes+1), comments.ErrRecord},
		"a map":           {[]byte{0x83, 1, 9, 0xa0}, comments.ErrRecord},
	}
	for name, c := range cases {
		if _, err := comments.Decode(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range samples() {
		b, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0x83, 1, 9, 0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := comments.Decode(b)
		if err != nil {
			if !errors.Is(err, comments.ErrRecord) && !errors.Is(err, comments.ErrUnknownKind) && !errors.Is(err, wire.ErrUnknownVersion) {
				t.Fatalf("an error without a class: %v", err)
			}
			return
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x (%v)", b, again, err)
		}
	})
}

type recordVector struct {
	Name     string   `json:"name"`
	Kind     uint8    `json:"kind"`
	At       int64    `json:"at"`
	Target   string   `json:"target,omitempty"`
	From     string   `json:"from,omitempty"`
	To       string   `json:"to,omitempty"`
	Quote    string   `json:"quote,omitempty"`
	Text     string   `json:"text,omitempty"`
	Mentions []string `json:"mentions,omitempty"`
	Resolved bool     `json:"resolved,omitempty"`
	Profile  []any    `json:"name_label_colour,omitempty"`
	Record   string   `json:"record"`
}

func TestVectors(t *testing.T) {
	var file struct {
		Comment string         `json:"comment"`
		Records []recordVector `json:"records"`
		Inert   []string       `json:"inert"`
		Unread  []string       `json:"unread"`
	}
	file.Comment = "docs/formats/comment.md. Bytes in hexadecimal."
	all := samples()
	for _, name := range []string{"comment", "reply", "edit", "delete", "resolve", "profile"} {
		r := all[name]
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		v := recordVector{
			Name: name, Kind: uint8(r.Kind), At: r.At.UnixMilli(), Quote: r.Quote, Text: r.Text, Resolved: r.Resolved,
			From: hex.EncodeToString(r.Anchor.From), To: hex.EncodeToString(r.Anchor.To), Record: hex.EncodeToString(b),
		}
		if r.Target != (wire.EntryID{}) {
			v.Target = hex.EncodeToString(r.Target[:])
		}
		if r.Kind == comments.KindProfile {
			v.Profile = []any{r.Name, r.Label, r.Colour}
		}
		for _, u := range r.Mentions {
			v.Mentions = append(v.Mentions, hex.EncodeToString(u[:]))
		}
		file.Records = append(file.Records, v)
	}
	first := file.Records[0].Record
	file.Inert = []string{"", first + "00", first[:4] + "03" + first[6:], "83010900ff", "830109a0"}
	file.Unread = []string{"83010900", "820203"}
	for _, list := range [][]string{file.Inert, file.Unread} {
		for _, s := range list {
			b, _ := hex.DecodeString(s)
			_, err := comments.Decode(b)
			if inert := errors.Is(err, comments.ErrRecord); inert != (len(list) == len(file.Inert)) {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
	made, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, '\n')
	path := filepath.Join("..", "..", "docs", "formats", "vectors", "comment.json")
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, want) {
		t.Errorf("%s says something else than\n%s", path, made)
	}
}
