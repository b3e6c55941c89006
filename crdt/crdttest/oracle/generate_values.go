package oracle

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
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

// surrogates is the index of the alphabet of surrogate pairs.
const surrogates = 3

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
		return g.subdoc()
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
	from := g.IntN(len(g.attrs))
	for _, key := range g.attrs[from:min(from+4, len(g.attrs))] {
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
	if g.chance(0.3) {
		slices.Reverse(attrs)
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
