package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// ObfuscateOptions says what [ObfuscateUpdate] leaves as it is. The zero value
// keeps nothing.
type ObfuscateOptions struct {
	KeepFormats  bool // keys and values of formats (Yjs: formatting: false)
	KeepSubdocs  bool // entries for other documents (Yjs: subdocs: false)
	KeepXMLNames bool // names of XML elements and hooks (Yjs: yxml: false)
}

// ObfuscateUpdate returns an update with the structure of the given one and
// meaningless content of the same length, so that a document that makes trouble
// can be shown to others. Clients, clocks, names of roots and the rhythm of
// typing stay and may still tell something. The error wraps ErrMalformed.
func ObfuscateUpdate(update []byte, keep ObfuscateOptions) ([]byte, error) {
	return obfuscate(codec.V1, update, keep)
}

// ObfuscateUpdateV2 is ObfuscateUpdate for format 2.
func ObfuscateUpdateV2(update []byte, keep ObfuscateOptions) ([]byte, error) {
	return obfuscate(codec.V2, update, keep)
}

func obfuscate(f codec.Format, update []byte, keep ObfuscateOptions) ([]byte, error) {
	out, err := codec.Obfuscate(f, update, codec.Obfuscation(keep))
	if err != nil {
		return nil, failed("obfuscate update", ErrMalformed, err)
	}
	return out, nil
}
