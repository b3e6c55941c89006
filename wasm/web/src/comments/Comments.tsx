import type { Editor } from '@tiptap/core'
import { MessageSquarePlus } from 'lucide-react'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Thread } from '../api/types'
import { useProviderState } from '../editor/useProvider'
import type { Provider } from '../provider/provider'
import { keysFor } from '../ui/keys'
import { toast } from '../ui/toast'
import { anchorOf, passageAt, quoteOf } from './anchors'
import { Card, DraftCard, type Rights } from './Card'
import {
  backToText,
  findLost,
  rangesIn,
  redraw,
  setCommentable,
  showHighlights,
  threadAt,
} from './highlights'
import { placeCards } from './layout'
import { DRAFT, useThreadsState, type Threads } from './threads'
import { useWide } from './useWide'

/** What is done after typing has paused, never at a key. */
const AFTER_TYPING_MS = 180

const NONE: readonly Thread[] = []

/** Everything of comments that stands beside the text: highlights, cards, the way to begin one. */
export function Comments(props: { editor: Editor; provider: Provider; threads: Threads }) {
  const { editor, threads } = props
  const rights = useRights(props.provider)
  const wide = useWide()
  const panel = useThreadsState(threads, (s) => s.panel) ?? false
  useEffect(() => {
    // What is read or written in the margin goes on in the sheet.
    if (!wide && threads.state.active !== undefined) threads.showPanel(true)
  }, [threads, wide])
  useHighlights(editor, threads, wide)
  useShortcut(editor, threads, rights.comment, wide)
  useEffect(() => setCommentable(editor, rights.comment), [editor, rights.comment])
  return (
    <>
      {rights.comment && <AddButton editor={editor} threads={threads} wide={wide} />}
      {wide && !panel && <Rail editor={editor} threads={threads} rights={rights} />}
    </>
  )
}

/** What the reader may do here with comments. */
export function useRights(provider: Provider): Rights {
  const role = useProviderState(provider, (s) => s.role) ?? ''
  return useMemo(
    () => ({
      comment: ['commenter', 'editor', 'owner'].includes(role),
      tidy: ['editor', 'owner'].includes(role),
    }),
    [role],
  )
}

function useHighlights(editor: Editor, threads: Threads, wide: boolean): void {
  const list = useThreadsState(threads, (s) => s.threads) ?? NONE
  const draft = useThreadsState(threads, (s) => s.draft)
  const active = useThreadsState(threads, (s) => s.active)
  useLayoutEffect(
    () =>
      showHighlights(editor, {
        onEnter: (id, pressed) => {
          if (threads.state.active === DRAFT && id === undefined) return
          threads.activate(id)
          if (id !== undefined && pressed && !wide) threads.showPanel(true)
        },
        onHover: (id) => hoverCard(id),
      }),
    [editor, threads, wide],
  )
  // At once, not after the next paint: a late drawing could meet a key.
  useLayoutEffect(() => {
    const marked = list
      .filter((t) => !t.resolved && !t.missing)
      .map(({ id, anchor, quote }) => ({ id, anchor, quote }))
    if (draft !== undefined) marked.push({ id: DRAFT, anchor: draft.anchor, quote: draft.quote })
    redraw(editor, { marked })
  }, [editor, list, draft, wide])
  useLayoutEffect(() => redraw(editor, { active }), [editor, active, wide])
  useEffect(() => {
    // Positions may be unknown while the text is just being put in.
    let timer: number | undefined = window.setTimeout(() => findLost(editor), AFTER_TYPING_MS)
    const soon = ({ transaction }: { transaction: { docChanged: boolean } }) => {
      if (!transaction.docChanged) return
      window.clearTimeout(timer)
      timer = window.setTimeout(() => findLost(editor), AFTER_TYPING_MS)
    }
    editor.on('transaction', soon)
    return () => {
      window.clearTimeout(timer)
      editor.off('transaction', soon)
    }
  }, [editor])
}

function hoverCard(id: string | undefined): void {
  for (const card of document.querySelectorAll<HTMLElement>('.comment-card')) {
    card.toggleAttribute('data-hover', card.dataset.card === id)
  }
}

/** Begins a thread about what is selected, or goes to the one the caret stands in. */
export function beginComment(editor: Editor, threads: Threads, wide: boolean): void {
  const { selection } = editor.state
  const at = selection.empty ? threadAt(editor.state, selection.from) : undefined
  if (at !== undefined) {
    threads.activate(at)
    if (!wide) threads.showPanel(true)
    requestAnimationFrame(() => focusCard(at))
    return
  }
  const range = passageAt(editor.state)
  const anchor = range === undefined ? undefined : anchorOf(editor, range)
  if (range === undefined || anchor === undefined) {
    toast('Select the text that your comment is about.')
    return
  }
  if (!wide) threads.showPanel(true)
  threads.begin({ anchor, range, quote: quoteOf(editor.state.doc, range) })
}

function focusCard(id: string): void {
  const card = document.querySelector<HTMLElement>(`.comment-card[data-card="${id}"]`)
  ;(card?.querySelector<HTMLElement>('textarea') ?? card)?.focus()
}

function useShortcut(editor: Editor, threads: Threads, may: boolean, wide: boolean): void {
  useEffect(() => {
    if (!may) return
    const begin = () => beginComment(editor, threads, wide)
    const keys = (event: KeyboardEvent) => {
      if (event.code !== 'KeyM' || !event.altKey || !(event.ctrlKey || event.metaKey)) return
      if (event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement) return
      event.preventDefault()
      begin()
    }
    const { dom } = editor.view
    dom.addEventListener('sheaf:comment', begin)
    document.addEventListener('keydown', keys)
    return () => {
      dom.removeEventListener('sheaf:comment', begin)
      document.removeEventListener('keydown', keys)
    }
  }, [editor, threads, may, wide])
}

/** The button that appears beside a selection. */
function AddButton(props: { editor: Editor; threads: Threads; wide: boolean }) {
  const { editor, threads, wide } = props
  const [shown, setShown] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const drafting = useThreadsState(threads, (s) => s.draft !== undefined) ?? false

  useEffect(() => {
    let timer: number | undefined
    const look = () => {
      window.clearTimeout(timer)
      if (editor.state.selection.empty) setShown(false)
      else timer = window.setTimeout(() => setShown(!editor.state.selection.empty), AFTER_TYPING_MS)
    }
    editor.on('selectionUpdate', look)
    return () => {
      window.clearTimeout(timer)
      editor.off('selectionUpdate', look)
    }
  }, [editor])

  // What was commented on stays selected, and is not offered again.
  useEffect(() => {
    if (drafting) setShown(false)
  }, [drafting])

  useLayoutEffect(() => {
    const element = button.current
    if (element === null || editor.isDestroyed) return
    const place = () => {
      const sheet = editor.view.dom.closest('.sheet')?.getBoundingClientRect()
      if (sheet === undefined || editor.isDestroyed) return
      const at = editor.view.coordsAtPos(editor.state.selection.head)
      element.style.top = `${at.top - 8}px`
      element.style.left = `${Math.min(sheet.right - element.offsetWidth / 2, window.innerWidth - element.offsetWidth - 8)}px`
    }
    place()
    const sizes = new ResizeObserver(place) // the page moves when the margin comes
    sizes.observe(editor.view.dom.closest('.canvas') ?? editor.view.dom)
    sizes.observe(editor.view.dom)
    editor.on('selectionUpdate', place)
    window.addEventListener('scroll', place, { capture: true, passive: true })
    window.addEventListener('resize', place)
    return () => {
      sizes.disconnect()
      editor.off('selectionUpdate', place)
      window.removeEventListener('scroll', place, { capture: true })
      window.removeEventListener('resize', place)
    }
  }, [editor, shown, drafting])

  if (!shown || drafting) return null
  return (
    <button
      ref={button}
      type="button"
      className="comment-add"
      title={`Comment (${keysFor('Mod-Alt-M')})`}
      aria-label="Comment on the selection"
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => beginComment(editor, threads, wide)}
    >
      <MessageSquarePlus aria-hidden="true" />
    </button>
  )
}

/** The margin: a card beside each passage that is talked about. */
function Rail(props: { editor: Editor; threads: Threads; rights: Rights }) {
  const { editor, threads, rights } = props
  const list = useThreadsState(threads, (s) => s.threads) ?? NONE
  const draft = useThreadsState(threads, (s) => s.draft)
  const active = useThreadsState(threads, (s) => s.active)
  const rail = useRef<HTMLElement>(null)
  const open = list.filter((t) => !t.resolved)
  const [lost, setLost] = useState<ReadonlySet<string>>(new Set())
  const leave = () => {
    threads.activate(undefined)
    backToText(editor)
  }
  const choose = (id: string) => {
    threads.activate(id)
    showPassage(editor, id)
  }

  useLayoutEffect(() => {
    const element = rail.current
    const canvas = element?.closest<HTMLElement>('.canvas')
    if (element == null || canvas == null) return
    canvas.dataset.comments = 'rail'
    const place = () => {
      if (editor.isDestroyed) return
      const gone = placeRail(editor, element, threads.state.active)
      setLost((known) => (sameSet(known, gone) ? known : gone))
    }
    place()
    let timer: number | undefined
    const soon = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined
        place()
      }, AFTER_TYPING_MS)
    }
    const follow = ({ transaction }: { transaction: { docChanged: boolean } }) => {
      if (transaction.docChanged) soon()
    }
    const sizes = new ResizeObserver(place)
    for (const part of [canvas, ...element.children]) sizes.observe(part)
    editor.on('transaction', follow)
    return () => {
      window.clearTimeout(timer)
      sizes.disconnect()
      editor.off('transaction', follow)
      delete canvas.dataset.comments
    }
  }, [editor, threads, list, draft, active])

  if (open.length === 0 && draft === undefined) return null
  const ranges = rangesIn(editor)
  const ordered = [...open].sort(
    (a, b) => (ranges.get(a.id)?.from ?? Infinity) - (ranges.get(b.id)?.from ?? Infinity) || 0,
  )
  return (
    <aside className="rail" ref={rail} aria-label="Comments">
      {draft !== undefined && (
        <DraftCard draft={draft} threads={threads} quoted={false} onLeave={() => backToText(editor)} />
      )}
      {ordered.map((t) => (
        <Card
          key={t.id}
          thread={t}
          threads={threads}
          rights={rights}
          active={t.id === active}
          quoted={lost.has(t.id)}
          gone={lost.has(t.id) && !t.missing}
          onChoose={choose}
          onLeave={leave}
        />
      ))}
    </aside>
  )
}

/** Puts each card beside its passage; returns the threads whose passage is gone. */
function placeRail(editor: Editor, rail: HTMLElement, active: string | undefined): Set<string> {
  const canvas = rail.closest<HTMLElement>('.canvas')!
  const sheet = canvas.querySelector<HTMLElement>('.sheet')!
  rail.style.left = `${sheet.offsetLeft + sheet.offsetWidth + 18}px`
  const top = rail.getBoundingClientRect().top
  const ranges = rangesIn(editor)
  const gone = new Set<string>()
  const cards = [...rail.querySelectorAll<HTMLElement>('.comment-card')].map((element) => {
    const id = element.dataset.card ?? ''
    const range = ranges.get(id)
    if (range === undefined) gone.add(id)
    // Those whose passage is gone stand after all others, at the end of the text.
    const want =
      range === undefined
        ? editor.view.dom.getBoundingClientRect().bottom - top
        : editor.view.coordsAtPos(range.from).top - top
    return { id, element, want, from: range?.from ?? Infinity, height: element.offsetHeight }
  })
  cards.sort((a, b) => (a.from === b.from ? 0 : a.from - b.from))
  const tops = placeCards(cards, active)
  cards.forEach((card, i) => {
    card.element.style.transform = `translateY(${tops[i]}px)`
    card.element.dataset.placed = ''
  })
  const last = cards.length - 1
  rail.style.height = last < 0 ? '0' : `${tops[last]! + cards[last]!.height}px`
  return gone
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((x) => b.has(x))
}

/** Scrolls to a thread's passage where it is not in view. */
export function showPassage(editor: Editor, id: string): void {
  const range = rangesIn(editor).get(id)
  const canvas = editor.view.dom.closest<HTMLElement>('.canvas')
  if (range === undefined || canvas === null) return
  const at = editor.view.coordsAtPos(range.from)
  const view = canvas.getBoundingClientRect()
  if (at.top >= view.top + 20 && at.bottom <= view.bottom - 40) return
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  canvas.scrollBy({ top: at.top - view.top - view.height / 3, behavior: still ? 'auto' : 'smooth' })
}
