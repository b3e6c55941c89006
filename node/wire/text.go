package wire

// The text forms of the ids, and the binary ones, which the CBOR codec takes a
// whole id by and not byte after byte: the same functions for each type.

// ParseDocID reads the text form of a document id.
func ParseDocID(s string) (id DocID, err error) {
	err = parse(id[:], s, "document id")
	return id, err
}

// String returns base64url without padding.
func (id DocID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real document id is.
func (id DocID) IsZero() bool { return id == DocID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id DocID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseDocID.
func (id *DocID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "document id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *DocID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *DocID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "document id") }

// ParseDoc16 reads the text form of a short document id.
func ParseDoc16(s string) (id Doc16, err error) {
	err = parse(id[:], s, "short document id")
	return id, err
}

// String returns base64url without padding.
func (id Doc16) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real short document id is.
func (id Doc16) IsZero() bool { return id == Doc16{} }

// MarshalText returns the text form, so that JSON shows it.
func (id Doc16) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseDoc16.
func (id *Doc16) UnmarshalText(b []byte) error { return parse(id[:], string(b), "short document id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *Doc16) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *Doc16) UnmarshalBinary(b []byte) error { return fill(id[:], b, "short document id") }

// ParseOpID reads the text form of an operation id.
func ParseOpID(s string) (id OpID, err error) {
	err = parse(id[:], s, "operation id")
	return id, err
}

// String returns base64url without padding.
func (id OpID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real operation id is.
func (id OpID) IsZero() bool { return id == OpID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id OpID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseOpID.
func (id *OpID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "operation id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *OpID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *OpID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "operation id") }

// ParseAuth reads the text form of an authority.
func ParseAuth(s string) (id Auth, err error) {
	err = parse(id[:], s, "authority")
	return id, err
}

// String returns base64url without padding.
func (id Auth) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real authority is.
func (id Auth) IsZero() bool { return id == Auth{} }

// MarshalText returns the text form, so that JSON shows it.
func (id Auth) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseAuth.
func (id *Auth) UnmarshalText(b []byte) error { return parse(id[:], string(b), "authority") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *Auth) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *Auth) UnmarshalBinary(b []byte) error { return fill(id[:], b, "authority") }

// ParseEntryID reads the text form of an entry id.
func ParseEntryID(s string) (id EntryID, err error) {
	err = parse(id[:], s, "entry id")
	return id, err
}

// String returns base64url without padding.
func (id EntryID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real entry id is.
func (id EntryID) IsZero() bool { return id == EntryID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id EntryID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseEntryID.
func (id *EntryID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "entry id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *EntryID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *EntryID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "entry id") }

// ParseChainID reads the text form of a chain id.
func ParseChainID(s string) (id ChainID, err error) {
	err = parse(id[:], s, "chain id")
	return id, err
}

// String returns base64url without padding.
func (id ChainID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real chain id is.
func (id ChainID) IsZero() bool { return id == ChainID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id ChainID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseChainID.
func (id *ChainID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "chain id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *ChainID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *ChainID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "chain id") }

// ParseDevice reads the text form of a device key.
func ParseDevice(s string) (id Device, err error) {
	err = parse(id[:], s, "device key")
	return id, err
}

// String returns base64url without padding.
func (id Device) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real device key is.
func (id Device) IsZero() bool { return id == Device{} }

// MarshalText returns the text form, so that JSON shows it.
func (id Device) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseDevice.
func (id *Device) UnmarshalText(b []byte) error { return parse(id[:], string(b), "device key") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *Device) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *Device) UnmarshalBinary(b []byte) error { return fill(id[:], b, "device key") }

// ParseUserID reads the text form of a user id.
func ParseUserID(s string) (id UserID, err error) {
	err = parse(id[:], s, "user id")
	return id, err
}

// String returns base64url without padding.
func (id UserID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real user id is.
func (id UserID) IsZero() bool { return id == UserID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id UserID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseUserID.
func (id *UserID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "user id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *UserID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *UserID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "user id") }

// ParseEpochID reads the text form of an epoch id.
func ParseEpochID(s string) (id EpochID, err error) {
	err = parse(id[:], s, "epoch id")
	return id, err
}

// String returns base64url without padding.
func (id EpochID) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real epoch id is.
func (id EpochID) IsZero() bool { return id == EpochID{} }

// MarshalText returns the text form, so that JSON shows it.
func (id EpochID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseEpochID.
func (id *EpochID) UnmarshalText(b []byte) error { return parse(id[:], string(b), "epoch id") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *EpochID) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *EpochID) UnmarshalBinary(b []byte) error { return fill(id[:], b, "epoch id") }

// ParseSealHash reads the text form of a seal key hash.
func ParseSealHash(s string) (id SealHash, err error) {
	err = parse(id[:], s, "seal key hash")
	return id, err
}

// String returns base64url without padding.
func (id SealHash) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real seal key hash is.
func (id SealHash) IsZero() bool { return id == SealHash{} }

// MarshalText returns the text form, so that JSON shows it.
func (id SealHash) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseSealHash.
func (id *SealHash) UnmarshalText(b []byte) error { return parse(id[:], string(b), "seal key hash") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *SealHash) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *SealHash) UnmarshalBinary(b []byte) error { return fill(id[:], b, "seal key hash") }

// ParseSignature reads the text form of a signature.
func ParseSignature(s string) (id Signature, err error) {
	err = parse(id[:], s, "signature")
	return id, err
}

// String returns base64url without padding.
func (id Signature) String() string { return text.EncodeToString(id[:]) }

// IsZero reports whether all bytes are zero, which no real signature is.
func (id Signature) IsZero() bool { return id == Signature{} }

// MarshalText returns the text form, so that JSON shows it.
func (id Signature) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseSignature.
func (id *Signature) UnmarshalText(b []byte) error { return parse(id[:], string(b), "signature") }

// MarshalBinary returns the id's own bytes, not to be changed.
func (id *Signature) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes exactly as many bytes as the id has.
func (id *Signature) UnmarshalBinary(b []byte) error { return fill(id[:], b, "signature") }
