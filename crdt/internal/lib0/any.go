package lib0

import (
	"math"
	"slices"
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// Kind tells which of JavaScript's value types an Any holds.
type Kind uint8

// The kinds of value that the formats carry.
const (
	KindUndefined Kind = iota
	KindNull
	KindBool
	KindNumber
	KindBigInt
	KindString
	KindBytes
	KindArray
	KindObject
)

// Any is an immutable JavaScript value: 24 bytes and, for strings, arrays and
// objects, one block on the heap. The zero Any is undefined.
type Any struct {
	num uint64 // bool, number bits or big integer
	ref any    // nil, a Kind for the scalars, string, rawBytes, *array or *object
}

type (
	rawBytes string
	array    struct{ list []Any }
	object   struct {
		keys []string
		list []Any
	}
)

// Null returns the null value.
func Null() Any { return Any{ref: KindNull} }

// Bool returns a boolean.
func Bool(b bool) Any {
	if b {
		return Any{num: 1, ref: KindBool}
	}
	return Any{ref: KindBool}
}

// Number returns a number.
func Number(f float64) Any { return Any{num: math.Float64bits(f), ref: KindNumber} }

// BigInt returns a 64-bit big integer.
func BigInt(i int64) Any { return Any{num: uint64(i), ref: KindBigInt} }

// String returns a string.
func String(s string) Any { return Any{num: uint64(KindString), ref: s} }

// Bytes returns a byte array; it copies b.
func Bytes(b []byte) Any { return Any{num: uint64(KindBytes), ref: rawBytes(b)} }

// Array returns an array that takes over list.
func Array(list []Any) Any { return Any{num: uint64(KindArray), ref: &array{list}} }

// Object returns an object with the given keys and values, which it takes
// over, in the order JavaScript would enumerate them: keys that are array
// indexes first, ascending, then the rest as given. Of two equal keys the
// later value counts, at the place of the first.
// Not inlined: 13 callers, 2 kB of a page.
//
//go:noinline
func Object(keys []string, list []Any) Any {
	keys, list = normalizeKeys(keys, list)
	return Any{num: uint64(KindObject), ref: &object{keys, list}}
}

// Kind returns which kind of value v is.
// Not inlined: 95 callers, 4 kB of a page.
//
//go:noinline
func (v Any) Kind() Kind {
	if scalar, ok := v.ref.(Kind); ok {
		return scalar
	}
	return Kind(v.num)
}

// Bool returns the boolean, or false.
func (v Any) Bool() bool { return v.Kind() == KindBool && v.num == 1 }

// Number returns the number, or 0.
// Not inlined: 20 callers, 3 kB of a page.
//
//go:noinline
func (v Any) Number() float64 {
	if v.Kind() != KindNumber {
		return 0
	}
	return math.Float64frombits(v.num)
}

// BigInt returns the big integer, or 0.
func (v Any) BigInt() int64 {
	if v.Kind() != KindBigInt {
		return 0
	}
	return int64(v.num)
}

// Str returns the contents of a string or byte array, or "".
// Not inlined: 25 callers, 3 kB of a page.
//
//go:noinline
func (v Any) Str() string {
	switch ref := v.ref.(type) {
	case string:
		return ref
	case rawBytes:
		return string(ref)
	}
	return ""
}

// List returns the elements of an array or the values of an object. The
// caller must not change it.
// Not inlined: 16 callers, 1 kB of a page.
//
//go:noinline
func (v Any) List() []Any {
	switch ref := v.ref.(type) {
	case *array:
		return ref.list
	case *object:
		return ref.list
	}
	return nil
}

// Keys returns the keys of an object, parallel to List. The caller must not
// change it.
func (v Any) Keys() []string {
	if o, ok := v.ref.(*object); ok {
		return o.keys
	}
	return nil
}

// Get returns the value of an object's key.
// Not inlined: 14 callers, 1 kB of a page.
//
//go:noinline
func (v Any) Get(key string) (Any, bool) {
	if o, ok := v.ref.(*object); ok {
		for i, k := range o.keys {
			if k == key {
				return o.list[i], true
			}
		}
	}
	return Any{}, false
}

// Truthy tells whether JavaScript would take v as true in a condition.
func (v Any) Truthy() bool {
	switch v.Kind() {
	case KindUndefined, KindNull:
		return false
	case KindNumber:
		return v.Number() != 0 && v.Number() == v.Number()
	case KindBool, KindBigInt:
		return v.num != 0
	case KindString:
		return v.Str() != ""
	}
	return true
}

// Same tells whether a === b in JavaScript: scalars by value, arrays, objects
// and byte arrays by identity (byte arrays are never the same here).
func Same(a, b Any) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case KindNumber:
		return a.Number() == b.Number()
	case KindBytes:
		return false
	}
	return a.num == b.num && a.ref == b.ref
}

// EqualFlat is the equality that Yjs uses between format values: the same
// value, or two objects whose entries are the same.
func EqualFlat(a, b Any) bool {
	if Same(a, b) {
		return true
	}
	if a.Kind() < KindArray || b.Kind() < KindArray || len(a.List()) != len(b.List()) {
		return false
	}
	for i, av := range a.List() {
		bv, ok := b.entry(a.entryKey(i))
		if !ok && av.Kind() == KindUndefined || !Same(av, bv) {
			return false
		}
	}
	return true
}

func (v Any) entryKey(i int) string {
	if o, ok := v.ref.(*object); ok {
		return o.keys[i]
	}
	return strconv.Itoa(i)
}

func (v Any) entry(key string) (Any, bool) {
	if a, ok := v.ref.(*array); ok {
		i, isIndex := arrayIndex(key)
		if !isIndex || int64(i) >= int64(len(a.list)) {
			return Any{}, false
		}
		return a.list[i], true
	}
	return v.Get(key)
}

// Equal tells whether a and b have the same contents, all the way down. NaN
// equals NaN; the order of keys counts.
func Equal(a, b Any) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case KindString, KindBytes:
		return a.Str() == b.Str()
	case KindNumber:
		return a.num == b.num || a.Number() == b.Number() || a.Number() != a.Number() && b.Number() != b.Number()
	case KindArray, KindObject:
		return slices.Equal(a.Keys(), b.Keys()) && slices.EqualFunc(a.List(), b.List(), Equal)
	}
	return a.num == b.num
}

// arrayIndex tells whether key is a canonical array index, which JavaScript
// enumerates before other keys.
// Not inlined: a page is smaller for it.
//
//go:noinline
func arrayIndex(key string) (uint32, bool) {
	if key == "" || len(key) > 10 || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	var n uint64
	for i := 0; i < len(key); i++ {
		if key[i] < '0' || key[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(key[i]-'0')
	}
	return uint32(n), n < math.MaxUint32
}

func normalizeKeys(keys []string, list []Any) ([]string, []Any) {
	indexes := false
	for _, k := range keys {
		if _, ok := arrayIndex(k); ok {
			indexes = true
			break
		}
	}
	if !indexes && !hasDuplicates(keys) {
		return keys, list
	}
	at := make(map[string]int, len(keys))
	n := 0
	for i, k := range keys {
		if j, seen := at[k]; seen {
			list[j] = list[i]
			continue
		}
		at[k] = n
		keys[n], list[n] = k, list[i]
		n++
	}
	keys, list = keys[:n], list[:n]
	if !indexes {
		return keys, list
	}
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	sorting.Stable(places, func(a, b int) int {
		ai, aok := arrayIndex(keys[a])
		bi, bok := arrayIndex(keys[b])
		switch {
		case aok && bok:
			return int(int64(ai) - int64(bi))
		case aok:
			return -1
		case bok:
			return 1
		}
		return 0
	})
	sortedKeys, sortedList := make([]string, n), make([]Any, n)
	for i, j := range places {
		sortedKeys[i], sortedList[i] = keys[j], list[j]
	}
	return sortedKeys, sortedList
}

// smallObject is the number of keys up to which comparing all pairs is
// cheaper than a map.
const smallObject = 12

func hasDuplicates(keys []string) bool {
	if len(keys) <= smallObject {
		for i, k := range keys {
			if slices.Contains(keys[:i], k) {
				return true
			}
		}
		return false
	}
	seen := make(map[string]struct{}, len(keys))
	for _, k := range keys {
		if _, dup := seen[k]; dup {
			return true
		}
		seen[k] = struct{}{}
	}
	return false
}
