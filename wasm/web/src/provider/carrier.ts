/**
 * A carrier moves frames between the page and a node: a WebSocket to the
 * daemon on this device, or a MessagePort to a node in a worker. Frames arrive
 * whole and in order, or the carrier closes; it never loses one silently.
 */
export interface Carrier {
  send(frame: string | Uint8Array): void
  close(): void
  onopen: (() => void) | null
  onmessage: ((frame: string | Uint8Array) => void) | null
  /** Called once, also when opening failed. */
  onclose: (() => void) | null
}

/** Opens a new carrier to the same document; called again for each reconnect. */
export type Dial = () => Carrier

/** A carrier over a WebSocket. */
export class WebSocketCarrier implements Carrier {
  onopen: (() => void) | null = null
  onmessage: ((frame: string | Uint8Array) => void) | null = null
  onclose: (() => void) | null = null
  private readonly socket: WebSocket

  constructor(url: string) {
    this.socket = new WebSocket(url)
    this.socket.binaryType = 'arraybuffer'
    this.socket.onopen = () => this.onopen?.()
    this.socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) =>
      this.onmessage?.(typeof event.data === 'string' ? event.data : new Uint8Array(event.data))
    this.socket.onclose = () => {
      const closed = this.onclose
      this.onclose = null
      closed?.()
    }
  }

  send(frame: string | Uint8Array): void {
    if (this.socket.readyState !== WebSocket.OPEN) return
    this.socket.send(frame as string | Uint8Array<ArrayBuffer>)
  }

  close(): void {
    this.socket.close()
  }
}

/** The address of a document's editor socket on the node that served this page. */
export function editAddress(document: string, base: Location = window.location): string {
  const scheme = base.protocol === 'https:' ? 'wss:' : 'ws:'
  return `${scheme}//${base.host}/api/documents/${encodeURIComponent(document)}/edit`
}
