import * as encoding from 'lib0/encoding'

// Answer collects observations. On the wire: for each observation the byte 1
// and its fields, each the byte 1, a name and bytes, the last followed by the
// byte 0; after the last observation the byte 0.
export class Answer {
  constructor() {
    this.encoder = encoding.createEncoder()
    this.open = false
  }

  // begin starts the next observation.
  begin() {
    this.end()
    encoding.writeUint8(this.encoder, 1)
    this.open = true
  }

  field(name, value) {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    encoding.writeUint8(this.encoder, 1)
    encoding.writeVarString(this.encoder, name)
    encoding.writeVarUint8Array(this.encoder, bytes)
  }

  // fail reports what was thrown; the program stops there.
  fail(err) {
    if (!this.open) this.begin()
    this.field('error', String(err?.stack ?? err))
  }

  end() {
    if (this.open) encoding.writeUint8(this.encoder, 0)
    this.open = false
  }

  bytes() {
    this.end()
    encoding.writeUint8(this.encoder, 0)
    return encoding.toUint8Array(this.encoder)
  }
}
