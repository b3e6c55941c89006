package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// ConvertUpdateToV2 returns an update of format 1 in format 2, without a
// document (Yjs: convertUpdateFormatV1ToV2). The error wraps ErrMalformed.
func ConvertUpdateToV2(update []byte) ([]byte, error) {
	return convertUpdate(codec.V1, codec.V2, update)
}

// ConvertUpdateToV1 returns an update of format 2 in format 1, without a
// document (Yjs: convertUpdateFormatV2ToV1). Embeds and values of formats become
// JSON there: undefined, NaN and infinite numbers become null, and minus zero
// becomes zero. The error wraps ErrMalformed.
func ConvertUpdateToV1(update []byte) ([]byte, error) {
	return convertUpdate(codec.V2, codec.V1, update)
}

func convertUpdate(from, to codec.Format, update []byte) ([]byte, error) {
	converted, err := codec.Convert(from, to, update)
	if err != nil {
		return nil, failed("convert update", ErrMalformed, err)
	}
	return converted, nil
}
