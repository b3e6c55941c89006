package oracle

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// alphabets are what texts are made of. One is mostly surrogate pairs, which
// edits then cut in two.
var alphabets = [][]string{
	{"a", "b", "c", "d", " "},
	{"x"},
	{"a", "é", "漢", "\n"},
	{"😀", "👩‍👩‍👧", "a", "🏳️‍🌈"},
	{"The quick brown fox ", "jumps over ", "the lazy dog. "},
}

// valueKinds are the kinds of plain value, the plainest first.
var valueKinds = []string{"string", "number", "bool", "null", "object", "list", "bytes", "bigint", "undefined"}

var numbers = []float64{
	0, math.Copysign(0, -1), 1, -1, 63, 64, -64, 127, 128, 8191, 8192, 1<<31 - 1, 1 << 31, -1 << 31, 1<<32 + 1,
	1<<53 - 1, -(1<<53 - 1), 1 << 53, 0.5, 0.1, -2.25, 1e21, 1e-7, 1e300, 5e-324, math.MaxFloat32, math.SmallestNonzeroFloat32,
	math.NaN(), math.Inf(1), math.Inf(-1),
}

func (g *generator) text() string {
	var b strings.Builder
	for range 1 + g.weighted(6, 3, 2, 1, 1, 1, 1) {
		b.WriteString(g.alphabet[g.IntN(len(g.alphabet))])
	}
	return b.String()
}

// value returns a plain value that every place can hold.
func (g *generator) value(depth int) Val {
	kind := g.values[g.IntN(len(g.values))]
	if depth > 4 && (kind == "object" || kind == "list") {
		kind = "number"
	}
	v := Val{Kind: kind}
	switch kind {
	case "string":
		v.Text = g.text()
		if g.chance(0.1) {
			v.Text = ""
		}
	case "number":
		v.Text = g.number()
	case "bool":
		v.Text = strconv.FormatBool(g.chance(0.5))
	case "bigint":
		v.Text = strconv.FormatInt(int64(g.Uint64()>>g.IntN(64)), 10)
	case "bytes":
		v.Text = hex.EncodeToString([]byte(g.text()))
	case "object":
		for i := range g.IntN(4) {
			v.Names = append(v.Names, fmt.Sprint([]string{"k", "", "key ", "7"}[g.IntN(4)], i))
			v.List = append(v.List, g.value(depth+1))
		}
	case "list":
		for range g.IntN(4) {
			v.List = append(v.List, g.value(depth+1))
		}
	}
	return v
}

func (g *generator) number() string {
	f := numbers[g.IntN(len(numbers))]
	switch g.IntN(3) {
	case 0:
		f = float64(g.IntN(20))
	case 1:
		f = math.Float64frombits(g.Uint64())
	}
	if f != f {
		return "NaN"
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if math.IsInf(f, 0) {
		text = strings.Replace(strings.Replace(text, "+", "", 1), "Inf", "Infinity", 1)
	}
	return text
}

// element returns a value for an array, which holds no undefined and no big
// integer itself, only inside others.
func (g *generator) element() Val {
	if g.chance(0.25) {
		return g.shared()
	}
	v := g.value(0)
	if v.Kind == "undefined" || v.Kind == "bigint" {
		return Val{Kind: "list", List: []Val{v}}
	}
	return v
}

// entry returns a value for a map or an attribute.
func (g *generator) entry(kind string) Val {
	if kind == "map.set" && g.chance(0.3) {
		return g.shared()
	}
	return g.value(0)
}

// shared returns a nested type or a subdocument.
func (g *generator) shared() Val {
	kinds := []string{"Text", "Array", "Map", "Fragment", "Element", "XmlText", "subdoc"}
	v := Val{Kind: kinds[g.weighted(4, 4, 4, 1, 1, 1, 2)]}
	switch v.Kind {
	case "Element":
		v.Text = "Node"
	case "subdoc":
		g.guids++
		v.Text = fmt.Sprintf("subdoc-%d", g.guids)
		for _, flag := range []string{"autoload", "nogc"} {
			if g.chance(0.4) {
				v.Names = append(v.Names, flag)
			}
		}
		if g.chance(0.4) {
			v.List = []Val{{Kind: "object", Names: []string{"meta"}, List: []Val{{Kind: "number", Text: g.number()}}}}
		}
	}
	return v
}

// node returns a child for an XML fragment.
func (g *generator) node() Val {
	switch g.weighted(5, 5, 0.3) {
	case 0:
		return Val{Kind: "Element", Text: []string{"p", "UL", "ı-é"}[g.weighted(6, 2, 1)]}
	case 1:
		return Val{Kind: "XmlText"}
	}
	return Val{Kind: "Hook", Text: "hook"}
}

func (g *generator) list(one func() Val) []Val {
	var list []Val
	for range 1 + g.weighted(6, 2, 1, 1) {
		list = append(list, one())
	}
	return list
}

// embed returns what a text can hold besides characters.
func (g *generator) embed() Val {
	if g.chance(0.25) {
		return g.nested()
	}
	return Val{Kind: "object", Names: []string{"image"}, List: []Val{g.jsonValue()}}
}

// nested is a nested type that is not a subdocument.
func (g *generator) nested() Val {
	for {
		if v := g.shared(); v.Kind != "subdoc" {
			return v
		}
	}
}

// jsonValue returns a value that JSON holds without loss, as formats and
// embeds need it.
func (g *generator) jsonValue() Val {
	switch g.IntN(5) {
	case 0:
		return Val{Kind: "bool", Text: "true"}
	case 1:
		return Val{Kind: "number", Text: strconv.Itoa(g.IntN(4))}
	case 2:
		return Val{Kind: "object", Names: []string{"href", "n"}, List: []Val{{Kind: "string", Text: "u"}, {Kind: "number", Text: strconv.Itoa(g.IntN(2))}}}
	}
	return Val{Kind: "string", Text: []string{"red", "blue"}[g.IntN(2)]}
}

// formats returns formatting attributes, null (which takes away) among them.
func (g *generator) formats() []Attr {
	var attrs []Attr
	for _, key := range g.attrs {
		if len(attrs) > 0 && !g.chance(0.3) || g.chance(0.2) {
			continue
		}
		v := Val{Kind: "bool", Text: "true"}
		switch {
		case g.chance(0.4):
			v = Val{Kind: "null"}
		case g.chance(0.3):
			v = g.jsonValue()
		}
		attrs = append(attrs, Attr{Key: key, Value: v})
	}
	return attrs
}

func (g *generator) delta() []DeltaPart {
	var parts []DeltaPart
	for range 1 + g.IntN(4) {
		part := DeltaPart{Kind: []string{"insert", "retain", "delete"}[g.IntN(3)], N: g.IntN(10)}
		if part.Kind != "delete" {
			part.Attrs = g.formats()
		}
		if part.Kind == "insert" {
			v := Val{Kind: "string", Text: g.text()}
			if g.chance(0.2) {
				v = g.embed()
			}
			part.N, part.Value = 0, &v
		}
		parts = append(parts, part)
	}
	return parts
}

// handmadeClient writes the updates that today's Yjs reads but never makes.
const handmadeClient = 7_777_777

// handmade returns an update, in hex, with content of an old or rare form.
func (g *generator) handmade() string {
	b := []byte{1} // one client
	structs := 1 + g.IntN(3)
	clock := g.handmadeClock
	if g.chance(0.15) {
		clock++ // leaves a gap that nothing fills
	}
	b = lib0.AppendUint(b, uint64(structs))
	b = lib0.AppendUint(b, handmadeClient)
	b = lib0.AppendUint(b, clock)
	for range structs {
		info, content, length := g.handmadeContent()
		if clock > 0 && g.chance(0.7) {
			b = append(b, info|0x80) // has an origin: the unit before
			b = lib0.AppendUint(lib0.AppendUint(b, handmadeClient), clock-1)
		} else if info != 0 {
			b = lib0.AppendString(append(b, info, 1), "array") // in a root
		} else {
			b = append(b, info)
		}
		b = append(b, content...)
		clock += length
	}
	g.handmadeClock = clock
	if g.chance(0.5) {
		return hex.EncodeToString(append(b, 0))
	}
	b = lib0.AppendUint(append(b, 1), handmadeClient)
	b = append(lib0.AppendUint(append(b, 1), uint64(g.IntN(6))), byte(1+g.IntN(3)))
	return hex.EncodeToString(b)
}

// handmadeContent returns a struct's info byte, content and length.
func (g *generator) handmadeContent() (info byte, content []byte, length uint64) {
	switch g.IntN(4) {
	case 0: // old JSON content
		texts := []string{`{"old":[1,null,"\u00e9"]}`, "undefined", `"s"`, "-1.5"}[:1+g.IntN(4)]
		content = lib0.AppendUint(nil, uint64(len(texts)))
		for _, text := range texts {
			content = lib0.AppendString(content, text)
		}
		return 2, content, uint64(len(texts))
	case 1: // deleted
		n := 1 + g.Uint64N(3)
		return 1, lib0.AppendUint(nil, n), n
	case 2: // binary
		return 3, lib0.AppendBytes(nil, []byte("raw")), 1
	}
	return 8, lib0.AppendAny(lib0.AppendUint(nil, 1), lib0.Number(7)), 1
}
