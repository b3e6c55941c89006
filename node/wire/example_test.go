package wire_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

func ExampleMarshal() {
	type record struct {
		_    struct{} `cbor:",toarray"`
		Ver  uint64
		Body []byte
	}
	b, err := wire.Marshal(record{Ver: 1, Body: []byte("hi")})
	fmt.Printf("%x %v\n", b, err)

	var back record
	fmt.Println(wire.Unmarshal(b, &back), string(back.Body))
	fmt.Println(wire.Unmarshal([]byte{0x82, 0x01, 0xf6}, &back)) // null for a byte string
	// Output:
	// 8201426869 <nil>
	// <nil> hi
	// not canonical CBOR: item of type 0xf6 is not allowed
}

func ExampleNewChainID() {
	chain := wire.NewChainID(wire.Doc16{1}, wire.Device{2}, wire.Auth{3}, 0)
	client := wire.ClientID(wire.Doc16{1}, wire.Device{2}, wire.Auth{3}, 0, 0)
	fmt.Println(chain, client)
	// Output: IRyijK50ABmc_SKOJOxIZw 5545570285167516
}
