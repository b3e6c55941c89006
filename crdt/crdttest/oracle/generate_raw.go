package oracle

import (
	"encoding/hex"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// handmadeClient writes the updates that today's Yjs reads but never makes.
const handmadeClient = 7_777_777

// handmade returns an update, in hex, with content of an old or rare form in
// places where it need not belong.
func (g *generator) handmade() string {
	if g.half || g.chance(0.25) {
		return g.handmadeHalf()
	}
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
		ref, content, length := g.handmadeContent()
		h := codec.Header{Ref: ref, HasOrigin: clock > 0 && g.chance(0.7)}
		if h.HasOrigin {
			h.Origin = codec.ID{Client: handmadeClient, Clock: clock - 1 - g.Uint64N(min(clock, 2))}
		}
		root := []string{"array", "text", "map"}[g.IntN(3)]
		h.HasSub = !h.HasOrigin && root == "map"
		var e codec.Encoder
		e.Header(&h)
		if !h.HasOrigin {
			e.Root(root)
		}
		if h.HasSub {
			e.String(g.keys[g.IntN(len(g.keys))])
		}
		b = append(append(b, e.Finish()...), content...)
		clock += length
	}
	g.handmadeClock = clock
	if g.chance(0.5) {
		return hex.EncodeToString(append(b, 0))
	}
	b = lib0.AppendUint(append(b, 1), handmadeClient)
	b = append(lib0.AppendUint(append(b, 1), g.Uint64N(clock+4)), byte(1+g.IntN(3)))
	return hex.EncodeToString(b)
}

// handmadeHalf returns, first, an update with a text that ends inside a
// surrogate pair, and the next time one with the whole text, in hex. Whoever
// has the former takes only the rest of the latter.
func (g *generator) handmadeHalf() string {
	text := "x" + lib0.Replacement
	if g.half {
		text = "x😀y"
	}
	h := codec.Header{Ref: codec.RefString}
	b := lib0.AppendUint([]byte{1, 1}, handmadeClient)
	b = lib0.AppendUint(b, g.handmadeClock)
	var e codec.Encoder
	e.Header(&h)
	e.Root("text")
	e.String(text)
	if g.half {
		g.handmadeClock += uint64(lib0.UTF16LenString(text))
	}
	g.half = !g.half
	return hex.EncodeToString(append(append(b, e.Finish()...), 0))
}

// oddJSON is JSON that JavaScript prints otherwise than it is written here.
var oddJSON = []string{
	`{"old":[1,null,"\u00e9"]}`, `"s"`, `-1.5`, ` { "b" : 1e2 , "a" : 0.5, "10":1, "9":2, "b" : 1.0 } `,
	`["\ud83d\ude00\/", {}, []]`, `true`, `null`, `12345678901234567890`, `"\ud800"`, `[-0]`, `1e400`,
}

// oddAny is encoded values that are encoded otherwise when written again.
var oddAny = [][]byte{
	{125, 0x40},                         // minus zero
	{123, 0x40, 0x08, 0, 0, 0, 0, 0, 0}, // 3 as a float64
	{124, 0x3f, 0x80, 0, 0},             // 1 as a float32
	lib0.AppendInt([]byte{125}, 1<<40, false),
	{118, 3, 1, '2', 127, 1, 'a', 126, 1, '1', 120}, // keys out of JavaScript's order
	{118, 2, 1, 'a', 120, 1, 'a', 121},              // a key twice
	{117, 1, 122, 0x80, 0, 0, 0, 0, 0, 0, 0},        // the least big integer
	{116, 0},
}

// handmadeContent returns a struct's content and length.
func (g *generator) handmadeContent() (ref byte, content []byte, length uint64) {
	switch g.IntN(8) {
	case 0: // old JSON content
		n := 1 + g.IntN(4)
		content = lib0.AppendUint(nil, uint64(n))
		for range n {
			if g.chance(0.2) {
				content = lib0.AppendString(content, "undefined")
				continue
			}
			content = lib0.AppendString(content, oddJSON[g.IntN(len(oddJSON))])
		}
		return codec.RefJSON, content, uint64(n)
	case 1:
		n := 1 + g.Uint64N(3)
		return codec.RefDeleted, lib0.AppendUint(nil, n), n
	case 2:
		return codec.RefBinary, lib0.AppendBytes(nil, []byte("raw")), 1
	case 3:
		return codec.RefEmbed, lib0.AppendString(nil, oddJSON[g.IntN(len(oddJSON))]), 1
	case 4:
		key := lib0.AppendString(nil, g.attrs[g.IntN(len(g.attrs))])
		return codec.RefFormat, lib0.AppendString(key, oddJSON[g.IntN(len(oddJSON))]), 1
	case 5:
		text := []string{"abc", "é", "漢字"}[g.IntN(3)]
		return codec.RefString, lib0.AppendString(nil, text), uint64(lib0.UTF16LenString(text))
	}
	n := 1 + g.IntN(3)
	content = lib0.AppendUint(nil, uint64(n))
	for range n {
		content = append(content, oddAny[g.IntN(len(oddAny))]...)
	}
	return codec.RefAny, content, uint64(n)
}
