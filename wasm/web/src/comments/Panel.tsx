import type { Editor } from '@tiptap/core'
import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Thread } from '../api/types'
import type { Provider } from '../provider/provider'
import { keysFor } from '../ui/keys'
import { Card, DraftCard } from './Card'
import { showPassage, useRights } from './Comments'
import { backToText, rangesIn } from './highlights'
import { useThreadsState, type Threads } from './threads'
import { useWide } from './useWide'

const NONE: readonly Thread[] = []

/** All threads, open and resolved: beside the page, or a sheet from below where there is no room. */
export function CommentsPanel(props: { editor: Editor; provider: Provider; threads: Threads }) {
  const shown = useThreadsState(props.threads, (s) => s.panel) ?? false
  return shown ? <List {...props} /> : null
}

function List({ editor, provider, threads }: { editor: Editor; provider: Provider; threads: Threads }) {
  const rights = useRights(provider)
  const keys = useWide() ? ` (${keysFor('Mod-Alt-M')})` : ''
  const list = useThreadsState(threads, (s) => s.threads) ?? NONE
  const draft = useThreadsState(threads, (s) => s.draft)
  const active = useThreadsState(threads, (s) => s.active)
  const box = useRef<HTMLElement>(null)
  useEffect(() => {
    if (active === undefined) return
    box.current?.querySelector(`[data-card="${active}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [active])
  const close = () => {
    threads.showPanel(false)
    threads.activate(undefined)
    backToText(editor)
  }
  const ranges = rangesIn(editor)
  const place = (t: Thread) => ranges.get(t.id)?.from ?? Number.MAX_SAFE_INTEGER
  const open = list.filter((t) => !t.resolved).sort((a, b) => place(a) - place(b))
  const resolved = list.filter((t) => t.resolved)
  const card = (t: Thread) => (
    <Card
      key={t.id}
      thread={t}
      threads={threads}
      rights={rights}
      active={t.id === active}
      quoted
      gone={!t.resolved && !t.missing && !ranges.has(t.id)}
      onChoose={(id) => {
        threads.activate(id)
        showPassage(editor, id)
      }}
      onLeave={close}
    />
  )
  return (
    <aside
      className="comments-panel"
      aria-label="All comments"
      ref={box}
      onKeyDown={(event) => event.key === 'Escape' && !event.defaultPrevented && close()}
    >
      <header className="comments-head">
        <h2>Comments</h2>
        <button type="button" className="icon-button" aria-label="Close comments" onClick={close}>
          <X aria-hidden="true" />
        </button>
      </header>
      {draft !== undefined && (
        <DraftCard draft={draft} threads={threads} quoted onLeave={() => backToText(editor)} />
      )}
      {open.map(card)}
      {open.length === 0 && draft === undefined && (
        <p className="comments-none">
          {rights.comment
            ? `Nothing is open. To comment on text, select it and choose Comment in the toolbar${keys}.`
            : 'Nothing is open.'}
        </p>
      )}
      {resolved.length > 0 && (
        <details className="comments-resolved">
          <summary>{`Resolved (${resolved.length})`}</summary>
          {resolved.map(card)}
        </details>
      )}
    </aside>
  )
}
