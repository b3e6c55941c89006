import { useSyncExternalStore } from 'react'
import { ApiError, call } from '../api/rpc'
import type { DocumentInfo, NodeEvent, NodeStatus, Pairing } from '../api/types'
import { Backoff } from '../provider/backoff'

/** What the page knows of its node; a new object for each change. */
export interface AppState {
  /** Undefined until first loaded. */
  documents: DocumentInfo[] | undefined
  status: NodeStatus | undefined
  /**
   * "refused": the node does not know this browser (no cookie, or an old one).
   * "locked": the node waits for its passphrase.
   */
  link: 'connecting' | 'open' | 'lost' | 'refused' | 'locked'
}

/** How long the events may be away before the reader is told. */
const LOST_AFTER_MS = 1_500

/**
 * Store follows the node: the list of documents and the status, by its event
 * socket, with reconnect. It holds no truth of its own.
 */
export class Store {
  private current: AppState = { documents: undefined, status: undefined, link: 'connecting' }
  private readonly listeners = new Set<() => void>()
  private readonly commentListeners = new Set<(document: string) => void>()
  private readonly pairingListeners = new Set<(pairing: Pairing) => void>()
  private readonly backoff = new Backoff(
    { set: (f, ms) => window.setTimeout(f, ms), clear: (t) => window.clearTimeout(t as number | undefined) },
    Math.random,
  )
  private lostTimer: number | undefined
  private fetching = false
  private again = false

  get state(): AppState {
    return this.current
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Calls `listener` with each step of a pairing; returns how to stop it. */
  onPairing(listener: (pairing: Pairing) => void): () => void {
    this.pairingListeners.add(listener)
    return () => this.pairingListeners.delete(listener)
  }

  /** The passphrase was taken. */
  unlocked(): void {
    this.set({ link: 'open' })
    void this.probe()
    void this.refresh()
  }

  /** Calls `listener` with each document whose comments changed; returns how to stop it. */
  onComments(listener: (document: string) => void): () => void {
    this.commentListeners.add(listener)
    return () => this.commentListeners.delete(listener)
  }

  start(): void {
    this.connect()
    void this.refresh()
    const now = () => {
      if (this.backoff.waiting && !document.hidden) this.connect()
    }
    window.addEventListener('online', now)
    document.addEventListener('visibilitychange', now)
  }

  /** Fetches the list again; calls while one is under way are answered by one more. */
  async refresh(): Promise<void> {
    if (this.fetching) {
      this.again = true
      return
    }
    this.fetching = true
    try {
      do {
        this.again = false
        const { documents } = await call('documents.list', {})
        this.set({ documents })
      } while (this.again)
    } catch (error) {
      this.noteRefusal(error)
    } finally {
      this.fetching = false
    }
  }

  /**
   * Takes a document that a call just answered with, ahead of the event. Answer
   * and events come by different ways, so the answer may be the older one: the
   * list is fetched again.
   */
  put(document: DocumentInfo): void {
    const documents = this.current.documents ?? []
    const rest = documents.filter((d) => d.id !== document.id)
    this.set({ documents: [document, ...rest] })
    void this.refresh()
  }

  putStatus(status: NodeStatus): void {
    this.set({ status })
  }

  private connect(): void {
    this.backoff.stop()
    this.lostTimer ??= window.setTimeout(() => this.set({ link: 'lost' }), LOST_AFTER_MS)
    const scheme = window.location.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(`${scheme}//${window.location.host}/api/events`)
    socket.onopen = () => {
      window.clearTimeout(this.lostTimer)
      this.lostTimer = undefined
      this.backoff.reset()
      this.set({ link: 'open' })
      void this.refresh()
    }
    socket.onmessage = (message: MessageEvent<string>) => this.receive(JSON.parse(message.data) as NodeEvent)
    socket.onclose = () => {
      if (this.current.link === 'open') this.set({ link: 'connecting' })
      this.lostTimer ??= window.setTimeout(() => this.set({ link: 'lost' }), LOST_AFTER_MS)
      this.backoff.start(() => this.connect())
      // A socket does not say why it was refused; a request does.
      if (this.current.link !== 'open') void this.probe()
    }
  }

  private async probe(): Promise<void> {
    try {
      this.set({ status: await call('status', {}) })
      if (this.current.link === 'refused') this.set({ link: 'connecting' })
    } catch (error) {
      this.noteRefusal(error)
    }
  }

  private noteRefusal(error: unknown): void {
    if (!(error instanceof ApiError)) return
    if (error.code === 'unauthorized') this.set({ link: 'refused' })
    if (error.code === 'locked') this.set({ link: 'locked' })
  }

  private receive(event: NodeEvent): void {
    switch (event.type) {
      case 'documents':
        void this.refresh()
        break
      case 'document': {
        // A list on its way may have been made before this.
        if (this.fetching) this.again = true
        const documents = this.current.documents
        if (documents?.some((d) => d.id === event.document.id)) {
          this.set({ documents: documents.map((d) => (d.id === event.document.id ? event.document : d)) })
        } else void this.refresh()
        break
      }
      case 'status':
        this.set({ status: event.status })
        break
      case 'pairing':
        for (const listener of [...this.pairingListeners]) listener(event.pairing)
        break
      case 'lock':
        if (event.locked) this.set({ link: 'locked', documents: undefined, status: undefined })
        else if (this.current.link === 'locked') this.unlocked()
        break
      case 'comments':
        for (const listener of [...this.commentListeners]) listener(event.id)
        break
    }
  }

  private set(change: Partial<AppState>): void {
    // "lost" must not hide that this browser is not let in.
    if (change.link === 'lost' && this.current.link === 'refused') return
    this.current = { ...this.current, ...change }
    for (const listener of [...this.listeners]) listener()
  }
}

/** The one store of the page. */
export const store = new Store()

export function useApp<T>(select: (state: AppState) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.state))
}
