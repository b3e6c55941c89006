import { useEffect, useState, useSyncExternalStore } from 'react'
import { call } from '../api/rpc'
import type { Anchor, Thread } from '../api/types'
import { store } from '../app/store'
import type { Range } from './anchors'

/** A comment being written that begins a thread. */
export interface Draft {
  anchor: Anchor
  quote: string
  /** Where it is when it is begun; later the anchor tells. */
  range: Range
}

/** What the page knows of a document's threads; a new object for each change. */
export interface ThreadsState {
  /** Undefined until first loaded. */
  threads: readonly Thread[] | undefined
  /** The thread that is looked at. */
  active: string | undefined
  /** A thread about to begin. */
  draft: Draft | undefined
  /** The list of all threads is shown. */
  panel: boolean
}

/** The thread that a draft will begin, as an id for cards and highlights. */
export const DRAFT = 'draft'

/** Changes that come together are fetched once. */
const FETCH_AFTER_MS = 150

/** The threads of one document, kept in step with the node. It holds no truth of its own. */
export class Threads {
  private current: ThreadsState = { threads: undefined, active: undefined, draft: undefined, panel: false }
  private readonly listeners = new Set<() => void>()
  private readonly stops: (() => void)[]
  private timer: number | undefined
  private fetching = false
  private again = false
  private closed = false
  /** What is being written, by thread: a card that is drawn anew must not lose it. */
  readonly unsent = new Map<string, string>()

  constructor(readonly id: string) {
    let link = store.state.link
    this.stops = [
      store.onComments((changed) => {
        if (changed === id) this.fetchSoon()
      }),
      store.subscribe(() => {
        const now = store.state.link
        if (now === 'open' && link !== 'open') this.fetchSoon()
        link = now
      }),
    ]
    void this.fetch()
  }

  close(): void {
    this.closed = true
    window.clearTimeout(this.timer)
    for (const stop of this.stops) stop()
    this.listeners.clear()
  }

  get state(): ThreadsState {
    return this.current
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  activate(active: string | undefined): void {
    if (active !== this.current.active) this.set({ active })
  }

  begin(draft: Draft): void {
    this.set({ draft, active: DRAFT })
  }

  /** Gives up a thread that was about to begin, and what was written for it. */
  dropDraft(): void {
    this.unsent.delete(DRAFT)
    this.set({
      draft: undefined,
      active: this.current.active === DRAFT ? undefined : this.current.active,
    })
  }

  showPanel(panel: boolean): void {
    this.set({ panel })
  }

  /** Says something: begins the draft's thread, or goes on with one. Rejects with what went wrong. */
  async say(thread: string, text: string, mentions: string[]): Promise<void> {
    const { draft } = this.current
    if (thread === DRAFT) {
      if (draft === undefined) return
      const { anchor, quote } = draft
      const made = await call('comments.add', { id: this.id, anchor, quote, text, mentions })
      this.unsent.delete(DRAFT)
      this.put(made, { draft: undefined, active: made.id })
      return
    }
    const made = await call('comments.reply', { id: this.id, thread, text, mentions })
    this.unsent.delete(thread)
    this.put(made)
  }

  async edit(comment: string, text: string, mentions: string[]): Promise<void> {
    await call('comments.edit', { id: this.id, comment, text, mentions })
    await this.fetch()
  }

  async remove(comment: string): Promise<void> {
    await call('comments.delete', { id: this.id, comment })
    await this.fetch()
  }

  async resolve(thread: string, resolved: boolean): Promise<void> {
    await call('comments.resolve', { id: this.id, thread, resolved })
    if (resolved && this.current.active === thread) this.activate(undefined)
    await this.fetch()
  }

  private put(made: Thread, change: Partial<ThreadsState> = {}): void {
    const threads = this.current.threads ?? []
    const known = threads.some((t) => t.id === made.id)
    this.set({
      ...change,
      threads: known ? threads.map((t) => (t.id === made.id ? made : t)) : [...threads, made],
    })
  }

  private fetchSoon(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined
      void this.fetch()
    }, FETCH_AFTER_MS)
  }

  private async fetch(): Promise<void> {
    if (this.fetching) {
      this.again = true
      return
    }
    this.fetching = true
    try {
      do {
        this.again = false
        const { threads } = await call('comments.list', { id: this.id })
        if (!this.again) this.set({ threads })
      } while (this.again && !this.closed)
    } catch {
      // The page's banner tells that the node is away; the list is fetched when it is back.
    } finally {
      this.fetching = false
    }
  }

  private set(change: Partial<ThreadsState>): void {
    if (this.closed) return
    this.current = { ...this.current, ...change }
    for (const listener of [...this.listeners]) listener()
  }
}

/** The threads of a document for as long as the page shows it. */
export function useThreads(id: string, wanted: boolean): Threads | undefined {
  const [threads, setThreads] = useState<Threads>()
  useEffect(() => {
    if (!wanted) return
    const made = new Threads(id)
    setThreads(made)
    return () => {
      setThreads(undefined)
      made.close()
    }
  }, [id, wanted])
  return threads
}

const NOTHING = () => () => {}

export function useThreadsState<T>(
  threads: Threads | undefined,
  select: (state: ThreadsState) => T,
): T | undefined {
  return useSyncExternalStore(threads?.subscribe ?? NOTHING, () =>
    threads === undefined ? undefined : select(threads.state),
  )
}

/** Somebody who can be named in a comment. */
export interface Known {
  user: string
  name: string
}

/**
 * Who can be named: the members the node lists, and whoever wrote a comment.
 * Asked when somebody begins to name, not before.
 */
export async function knownPeople(id: string, threads: readonly Thread[]): Promise<Known[]> {
  const known = new Map<string, string>()
  for (const t of threads) for (const c of t.comments) if (c.name !== '') known.set(c.user, c.name)
  try {
    const { people } = await call('people.list', { id })
    for (const p of people) if (p.name !== '') known.set(p.user, p.name)
  } catch {
    // Those who spoke can still be named.
  }
  return [...known].map(([user, name]) => ({ user, name })).sort((a, b) => a.name.localeCompare(b.name))
}

/** Which of those named by hand are still named in a text. */
export function mentionedIn(text: string, named: readonly Known[]): string[] {
  return [...new Set(named.filter((p) => text.includes(`@${p.name}`)).map((p) => p.user))].sort()
}
