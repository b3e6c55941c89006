package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

type Config struct {
	ClientID  ClientID
	GUID      string
	DisableGC bool
}

type Doc struct{}
type Txn struct{}

func NewDoc(c Config) *Doc                                       { return &Doc{} }
func (d *Doc) ClientID() ClientID                                { return 0 }
func (d *Doc) SetClientID(ClientID)                              {}
func (d *Doc) GUID() string                                      { return "" }
func (d *Doc) Text(name string) *Text                            { return nil }
func (d *Doc) Array(name string) *Array                          { return nil }
func (d *Doc) Map(name string) *Map                              { return nil }
func (d *Doc) XMLFragment(name string) *XMLFragment              { return nil }
func (d *Doc) XMLElement(name string) *XMLElement                { return nil }
func (d *Doc) Transact(origin any, f func(*Txn))                 {}
func (d *Doc) ApplyUpdate(update []byte, origin any) error       { return nil }
func (d *Doc) EncodeStateAsUpdate(sv StateVector) []byte         { return nil }
func (d *Doc) StateVector() StateVector                          { return nil }
func (d *Doc) OnUpdate(f func(UpdateEvent)) (cancel func())      { return nil }
func (d *Doc) OnTransaction(f func(TransactionEvent)) (c func()) { return nil }
func (d *Doc) HasPending() bool                                  { return false }
func (d *Doc) JSON() Value                                       { return Value{} }

type UpdateEvent struct {
	Update []byte
	Origin any
	Local  bool
}
type TransactionEvent struct {
	Origin  any
	Local   bool
	Changed []string
}

type Attr struct {
	Key   string
	Value Value
}
type DeltaOp struct {
	Insert Value // undefined unless this op inserts
	Retain int
	Delete int
	Attrs  []Attr
}

// Shared is any shared type: *Text, *Array, *Map, *XMLFragment, *XMLElement, *XMLText, *XMLHook.
type Shared interface {
	entry
	JSON() Value
}
type node struct{}

func (node) valueKind() Kind { return KindShared }
func (node) JSON() Value     { return Value{} }

type Text struct{ node }

func NewText() *Text                                                             { return nil }
func (t *Text) Insert(tx *Txn, index int, s string, attrs ...Attr) error         { return nil } // no attrs: inherits
func (t *Text) InsertFormatted(tx *Txn, index int, s string, attrs []Attr) error { return nil } // exactly attrs
func (t *Text) InsertEmbed(tx *Txn, index int, embed Value, attrs ...Attr) error { return nil } // exactly attrs
func (t *Text) Delete(tx *Txn, index, length int) error                          { return nil }
func (t *Text) Format(tx *Txn, index, length int, attrs ...Attr) error           { return nil }
func (t *Text) ApplyDelta(tx *Txn, delta []DeltaOp) error                        { return nil }
func (t *Text) Len() int                                                         { return 0 }
func (t *Text) String() string                                                   { return "" }
func (t *Text) Delta() []DeltaOp                                                 { return nil }
func (t *Text) SetAttribute(tx *Txn, key string, v Value) error                  { return nil }
func (t *Text) RemoveAttribute(tx *Txn, key string) error                        { return nil }
func (t *Text) Attribute(key string) (Value, bool)                               { return Value{}, false }
func (t *Text) Attributes() []Field                                              { return nil }

type Array struct{ node }

func NewArray() *Array                                            { return nil }
func (a *Array) Insert(tx *Txn, index int, values ...Value) error { return nil }
func (a *Array) Push(tx *Txn, values ...Value) error              { return nil }
func (a *Array) Delete(tx *Txn, index, length int) error          { return nil }
func (a *Array) Get(index int) (Value, error)                     { return Value{}, nil }
func (a *Array) Len() int                                         { return 0 }
func (a *Array) All() iter.Seq2[int, Value]                       { return nil }

type Map struct{ node }

func NewMap() *Map                                    { return nil }
func (m *Map) Set(tx *Txn, key string, v Value) error { return nil }
func (m *Map) Delete(tx *Txn, key string) error       { return nil }
func (m *Map) Clear(tx *Txn) error                    { return nil }
func (m *Map) Get(key string) (Value, bool)           { return Value{}, false }
func (m *Map) Has(key string) bool                    { return false }
func (m *Map) Len() int                               { return 0 }
func (m *Map) All() iter.Seq2[string, Value]          { return nil }

type XMLFragment struct{ node }

func NewXMLFragment() *XMLFragment                                      { return nil }
func (x *XMLFragment) Insert(tx *Txn, index int, nodes ...Shared) error { return nil }
func (x *XMLFragment) Delete(tx *Txn, index, length int) error          { return nil }
func (x *XMLFragment) Get(index int) (Value, error)                     { return Value{}, nil }
func (x *XMLFragment) Len() int                                         { return 0 }
func (x *XMLFragment) All() iter.Seq2[int, Value]                       { return nil }
func (x *XMLFragment) String() string                                   { return "" }

// XMLElement has all methods of XMLFragment.
type XMLElement struct{ XMLFragment }

func NewXMLElement(name string) *XMLElement                           { return nil }
func (x *XMLElement) Name() string                                    { return "" }
func (x *XMLElement) SetAttribute(tx *Txn, key string, v Value) error { return nil }
func (x *XMLElement) RemoveAttribute(tx *Txn, key string) error       { return nil }
func (x *XMLElement) Attribute(key string) (Value, bool)              { return Value{}, false }
func (x *XMLElement) Attributes() []Field                             { return nil }

// XMLText has all methods of Text.
type XMLText struct{ Text }

func NewXMLText() *XMLText { return nil }

// XMLHook has all methods of Map.
type XMLHook struct{ Map }

func NewXMLHook(name string) *XMLHook { return nil }
func (x *XMLHook) Name() string       { return "" }

// Subdoc is an entry for another document.
type Subdoc struct {
	GUID      string
	AutoLoad  bool
	DisableGC bool
	Meta      Value // undefined: none
}

func (s *Subdoc) valueKind() Kind { return KindSubdoc }

// SubdocValue returns the value that stands for a subdocument entry.
func SubdocValue(s *Subdoc) Value { return Value{node: s} }

func MergeUpdates(updates ...[]byte) ([]byte, error)           { return nil, nil }
func DiffUpdate(update []byte, sv StateVector) ([]byte, error) { return nil, nil }
func StateVectorFromUpdate(update []byte) (StateVector, error) { return nil, nil }
func Inspect(update []byte) (UpdateInfo, error)                { return UpdateInfo{}, nil }

type ClockRange struct {
	Client   ClientID
	From, To uint64
}
type UpdateInfo struct {
	Structs    []ClockRange
	Deletes    []ClockRange
	Names      map[ClientID]uint64
	NumStructs int
}

func parseJSON(text []byte) (lib0.Any, error) { return lib0.ParseJSON(text) }
