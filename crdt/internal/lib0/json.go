package lib0

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON parses JSON text, which must be UTF-8, as JavaScript's JSON.parse
// does: objects keep JavaScript's order of keys, and escaped lone surrogates
// survive.
func ParseJSON(text []byte) (Any, error) {
	p := jsonParser{in: text}
	p.space()
	v := p.value(0)
	p.space()
	if p.err == nil && p.pos < len(p.in) {
		p.err = ErrJSON
	}
	if p.err != nil {
		return Any{}, p.err
	}
	return v, nil
}

type jsonParser struct {
	in  []byte
	pos int
	err error
}

// Not inlined: 19 callers, 1 kB of a page.
//
//go:noinline
func (p *jsonParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.pos = len(p.in)
}

// peek returns the next byte, or 0 at the end.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (p *jsonParser) peek() byte {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return 0
}

func (p *jsonParser) space() {
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *jsonParser) expect(word string) {
	if len(p.in)-p.pos < len(word) || string(p.in[p.pos:p.pos+len(word)]) != word {
		p.fail(ErrJSON)
		return
	}
	p.pos += len(word)
}

func (p *jsonParser) value(depth int) Any {
	if depth > MaxDepth {
		p.fail(ErrDepth)
		return Any{}
	}
	switch c := p.peek(); c {
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case '"':
		return String(p.str())
	case 't':
		p.expect("true")
		return Bool(true)
	case 'f':
		p.expect("false")
		return Bool(false)
	case 'n':
		p.expect("null")
		return Null()
	default:
		return p.number()
	}
}

func (p *jsonParser) array(depth int) Any {
	p.pos++
	var list []Any
	p.space()
	if p.peek() == ']' {
		p.pos++
		return Array(list)
	}
	for p.err == nil {
		p.space()
		list = append(list, p.value(depth+1))
		p.space()
		if p.peek() == ']' {
			p.pos++
			break
		}
		p.expect(",")
	}
	return Array(list)
}

func (p *jsonParser) object(depth int) Any {
	p.pos++
	var keys []string
	var list []Any
	p.space()
	if p.peek() == '}' {
		p.pos++
		return Object(keys, list)
	}
	for p.err == nil {
		p.space()
		if p.peek() != '"' {
			p.fail(ErrJSON)
			break
		}
		key := p.str()
		p.space()
		p.expect(":")
		p.space()
		keys, list = append(keys, key), append(list, p.value(depth+1))
		p.space()
		if p.peek() == '}' {
			p.pos++
			break
		}
		p.expect(",")
	}
	return Object(keys, list)
}

func (p *jsonParser) number() Any {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	if p.peek() == '0' {
		p.pos++
	} else if p.digits() == 0 {
		p.fail(ErrJSON)
		return Any{}
	}
	if p.peek() == '.' {
		p.pos++
		if p.digits() == 0 {
			p.fail(ErrJSON)
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if p.digits() == 0 {
			p.fail(ErrJSON)
		}
	}
	if p.err != nil {
		return Any{}
	}
	return Number(parseFloat(p.in[start:p.pos]))
}

func (p *jsonParser) digits() int {
	start := p.pos
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	return p.pos - start
}

func (p *jsonParser) str() string {
	p.pos++
	start := p.pos
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == '"':
			p.pos++
			return string(p.in[start : p.pos-1])
		case c == '\\':
			return p.escaped(append([]byte(nil), p.in[start:p.pos]...))
		case c < 0x20:
			p.fail(ErrJSON)
			return ""
		default:
			p.pos++
		}
	}
	p.fail(ErrJSON)
	return ""
}

// escaped reads the rest of a string that holds escapes.
func (p *jsonParser) escaped(out []byte) string {
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		p.pos++
		switch {
		case c == '"':
			return string(out)
		case c < 0x20:
			p.fail(ErrJSON)
			return ""
		case c != '\\':
			out = append(out, c)
			continue
		}
		switch c = p.peek(); c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			p.pos++
			out = p.unicode(out)
			continue
		default:
			p.fail(ErrJSON)
			return ""
		}
		p.pos++
	}
	p.fail(ErrJSON)
	return ""
}

// unicode reads the four digits after \u, and a following low surrogate.
func (p *jsonParser) unicode(out []byte) []byte {
	r := p.hex4()
	if utf16.IsSurrogate(r) {
		if r < 0xdc00 && p.peek() == '\\' && p.pos+1 < len(p.in) && p.in[p.pos+1] == 'u' {
			mark := p.pos
			p.pos += 2
			if pair := utf16.DecodeRune(r, p.hex4()); pair != utf8.RuneError {
				return utf8.AppendRune(out, pair)
			}
			if p.err != nil {
				return out
			}
			p.pos = mark
		}
		return appendSurrogate(out, r)
	}
	return utf8.AppendRune(out, r)
}

func (p *jsonParser) hex4() rune {
	if len(p.in)-p.pos < 4 {
		p.fail(ErrJSON)
		return 0
	}
	var r rune
	for _, c := range p.in[p.pos : p.pos+4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			r |= rune(c - 'a' + 10)
		case c >= 'A' && c <= 'F':
			r |= rune(c - 'A' + 10)
		default:
			p.fail(ErrJSON)
			return 0
		}
	}
	p.pos += 4
	return r
}

// AppendJSON appends v as JavaScript's JSON.stringify prints it. Undefined,
// for which JSON has no form, prints as null, but is left out of objects.
func AppendJSON(dst []byte, v Any) []byte {
	switch v.Kind() {
	case KindBool:
		return strconv.AppendBool(dst, v.Bool())
	case KindNumber:
		return appendJSONNumber(dst, v.Number())
	case KindBigInt:
		return strconv.AppendInt(dst, v.BigInt(), 10)
	case KindString:
		return AppendJSONString(dst, v.Str())
	case KindBytes:
		dst = append(dst, '{')
		for i, c := range []byte(v.Str()) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(append(dst, '"'), int64(i), 10)
			dst = strconv.AppendInt(append(dst, '"', ':'), int64(c), 10)
		}
		return append(dst, '}')
	case KindArray:
		dst = append(dst, '[')
		for i, e := range v.List() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case KindObject:
		dst = append(dst, '{')
		first := true
		for i, e := range v.List() {
			if e.Kind() == KindUndefined {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(AppendJSONString(dst, v.Keys()[i]), ':')
			dst = AppendJSON(dst, e)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s quoted and escaped as JSON.stringify does.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c == '\f':
			dst = append(dst, '\\', 'f')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c == 0xed && i+2 < len(s) && s[i+1] >= 0xa0: // a lone surrogate
			r := 0xd000 | uint16(s[i+1]&0x3f)<<6 | uint16(s[i+2]&0x3f)
			dst = append(dst, '\\', 'u', 'd', hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
