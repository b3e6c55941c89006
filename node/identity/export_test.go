package identity

import "github.com/sheafdocs/sheaf/node/wire"

// ProtectedWith makes a whole protected file with any parameters; its
// ciphertext opens with nothing.
func ProtectedWith(k *Key, s Stretch) []byte {
	f := protectedFile{Ver: protectedVersion, Device: k.device, Passes: s.Passes, MemoryKiB: s.MemoryKiB, Lanes: s.Lanes}
	check, err := f.check()
	if err != nil {
		panic(err)
	}
	f.Check = check
	b, err := wire.Marshal(f)
	if err != nil {
		panic(err)
	}
	return b
}
