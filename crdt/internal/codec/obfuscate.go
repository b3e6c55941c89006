package codec

import (
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Obfuscation says what an obfuscated update keeps.
type Obfuscation struct {
	KeepFormats  bool // keys and values of format marks
	KeepSubdocs  bool // entries for other documents
	KeepXMLNames bool // names of elements and hooks
}

// Obfuscate returns an update with the same structure and other content, chosen
// as Yjs does: a number that counts items stands for what an item held, or first
// held in the case of keys and names.
func Obfuscate(f Format, update []byte, keep Obfuscation) ([]byte, error) {
	o := obfuscator{keep: keep, subs: map[string]string{}, nodes: map[string]string{}, keys: map[string]string{}, values: map[string]lib0.Any{}}
	return rewrite(f, f, update, o.change)
}

type obfuscator struct {
	keep              Obfuscation
	item              int // number of the item
	subs, nodes, keys map[string]string
	values            map[string]lib0.Any // of format marks, by what scalars are written as
}

// change replaces the content of one struct.
func (o *obfuscator) change(s *Struct) {
	if s.Ref == RefGC || s.Ref == RefSkip {
		return
	}
	number := strconv.Itoa(o.item)
	switch s.Ref {
	case RefType:
		prefix := "node-"
		if s.Kind == TypeXMLHook {
			prefix = "hook-"
		}
		if s.Type().named() && !o.keep.KeepXMLNames {
			s.Name = replacement(o.nodes, s.Name, prefix+number)
		}
	case RefAny:
		s.Content = repeat(lib0.AppendAny(nil, lib0.Number(float64(o.item))), s.Len)
	case RefJSON:
		s.Content = repeat(lib0.AppendString(nil, number), s.Len)
	case RefBinary:
		s.Content = []byte{byte(o.item)}
	case RefDoc:
		if !o.keep.KeepSubdocs {
			s.Name, s.Content = []byte(number), lib0.AppendAny(nil, lib0.Object(nil, nil))
		}
	case RefEmbed:
		s.setValue(lib0.Object(nil, nil))
	case RefFormat:
		if !o.keep.KeepFormats {
			s.Name = replacement(o.keys, s.Name, number)
			s.setValue(o.value(s.Value()))
		}
	case RefString:
		s.Content = repeat([]byte(number[len(number)-1:]), s.Len)
	}
	if len(s.Sub) > 0 {
		s.Sub = replacement(o.subs, s.Sub, number)
	}
	o.item++
}

func repeat(content []byte, n uint64) []byte {
	var out []byte
	for range n {
		out = append(out, content...)
	}
	return out
}

// replacement returns what stands for a key: what was chosen first.
func replacement(known map[string]string, key []byte, next string) []byte {
	chosen, ok := known[string(key)]
	if !ok {
		chosen = next
		known[string(key)] = next
	}
	return []byte(chosen)
}

// value returns what stands for the value of a format mark: for equal scalars
// the same, and for null, which ends a format, null.
func (o *obfuscator) value(v lib0.Any) lib0.Any {
	next := lib0.Object([]string{"i"}, []lib0.Any{lib0.Number(float64(o.item))})
	switch v.Kind() {
	case lib0.KindNull:
		return v
	case lib0.KindBytes, lib0.KindArray, lib0.KindObject:
		return next
	case lib0.KindNumber:
		v = lib0.Number(v.Number() + 0) // minus zero is zero here
	}
	// A string may have halves of surrogate pairs, unlike what is written of it.
	written := v.Str() + string(lib0.AppendAny(nil, v))
	chosen, ok := o.values[written]
	if !ok {
		chosen = next
		o.values[written] = next
	}
	return chosen
}

// setValue replaces the value of an embed or format mark.
func (s *Struct) setValue(v lib0.Any) {
	s.Content, s.JSON = lib0.AppendAny(nil, v), false
}
