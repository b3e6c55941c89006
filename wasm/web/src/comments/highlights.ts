import type { Editor } from '@tiptap/core'
import { Plugin, PluginKey, type EditorState, type Transaction } from '@tiptap/pm/state'
import { Decoration, DecorationSet, type EditorView } from '@tiptap/pm/view'
import { ySyncPluginKey } from '@tiptap/y-tiptap'
import type { Anchor } from '../api/types'
import { readSelection } from '../editor/selection'
import { commentable, noteCommentable } from './commentable'
import { plainText, rangeOf, rangeOfQuote, type PlainText, type Range } from './anchors'

/** A passage that is to be shown as commented on. */
export interface Marked {
  id: string
  anchor: Anchor
  quote: string
}

interface Highlights {
  marked: readonly Marked[]
  active: string | undefined
  hover: string | undefined
  ranges: ReadonlyMap<string, Range>
  drawn: DecorationSet
}

type Change = Partial<Pick<Highlights, 'marked' | 'active' | 'hover'>> & { again?: true }

const key = new PluginKey<Highlights>('comments')

export interface HighlightEvents {
  /** The caret came into a passage, or left all; `pressed`: by a press on it. */
  onEnter(id: string | undefined, pressed: boolean): void
  /** The pointer came onto a passage, or left all. */
  onHover(id: string | undefined): void
}

/**
 * Draws commented passages in an editor, as decorations: nothing of it is in the
 * document. A change made here moves them; one from elsewhere replaces the whole
 * text (that is how the binding works), so they are found again by their anchors.
 */
export function showHighlights(editor: Editor, events: HighlightEvents): () => void {
  const plugin = new Plugin<Highlights>({
    key,
    state: {
      init: () => ({
        marked: [],
        active: undefined,
        hover: undefined,
        ranges: new Map(),
        drawn: DecorationSet.empty,
      }),
      apply,
    },
    props: {
      decorations: (state) => key.getState(state)?.drawn,
      handleClick: (view, pos) => {
        events.onEnter(threadAt(view.state, pos), true)
        return false
      },
      handleDOMEvents: {
        mouseover: (view, event) => {
          events.onHover(hovered(view, event))
          return false
        },
        mouseleave: () => {
          events.onHover(undefined)
          return false
        },
      },
    },
  })
  readSelection(editor.view) // this code comes late: somebody may be typing
  editor.registerPlugin(plugin)
  const follow = ({ transaction }: { transaction: Transaction }) => {
    const { selection } = editor.state
    if (!transaction.docChanged && selection.empty && editor.isFocused)
      events.onEnter(threadAt(editor.state, selection.from), false)
  }
  editor.on('selectionUpdate', follow)
  return () => {
    editor.off('selectionUpdate', follow)
    if (!editor.isDestroyed) editor.unregisterPlugin(key)
  }
}

/** Changes what is drawn; without a change, finds the passages again. */
export function redraw(editor: Editor, change: Change): void {
  if (editor.isDestroyed) return
  readSelection(editor.view) // drawing would set the browser's back
  if (editor.isDestroyed) return
  const tr = editor.state.tr.setMeta(key, change).setMeta('addToHistory', false)
  editor.view.dispatch(tr)
}

/** Gives the focus back to the text, also where it may only be read. */
export function backToText(editor: Editor): void {
  if (editor.isEditable) editor.commands.focus(undefined, { scrollIntoView: false })
  else editor.view.dom.focus({ preventScroll: true })
}

/** Looks again for passages that are not found, by their words. */
export function findLost(editor: Editor): void {
  const now = editor.isDestroyed ? undefined : key.getState(editor.state)
  if (now !== undefined && now.ranges.size < now.marked.length) redraw(editor, { again: true })
}

/** Where each passage is now. */
export function rangesIn(editor: Editor): ReadonlyMap<string, Range> {
  return key.getState(editor.state)?.ranges ?? new Map()
}

/** The thread of a position; of several, the one about the shortest passage. */
export function threadAt(state: EditorState, pos: number): string | undefined {
  let best: [id: string, length: number] | undefined
  for (const [id, { from, to }] of key.getState(state)?.ranges ?? []) {
    if (pos >= from && pos <= to && (best === undefined || to - from < best[1])) best = [id, to - from]
  }
  return best?.[0]
}

function hovered(view: EditorView, event: MouseEvent): string | undefined {
  if (!(event.target instanceof Element) || event.target.closest('.commented') === null) return undefined
  const at = view.posAtCoords({ left: event.clientX, top: event.clientY })
  return at === null ? undefined : threadAt(view.state, at.pos)
}

function apply(tr: Transaction, old: Highlights, _: EditorState, state: EditorState): Highlights {
  const change = tr.getMeta(key) as Change | undefined
  const sync = tr.getMeta(ySyncPluginKey) as { isChangeOrigin?: boolean } | undefined
  if (change !== undefined || sync?.isChangeOrigin === true) {
    const next = { ...old, ...change }
    const moved = change === undefined || change.marked !== undefined || change.again === true
    const ranges = moved ? find(state, next.marked, change !== undefined) : next.ranges
    return { ...next, ranges, drawn: draw(state, next, ranges) }
  }
  if (!tr.docChanged) return old
  const ranges = new Map<string, Range>()
  for (const [id, r] of old.ranges) {
    const from = tr.mapping.map(r.from, 1)
    const to = tr.mapping.map(r.to, -1)
    if (from < to) ranges.set(id, { from, to })
  }
  return { ...old, ranges, drawn: old.drawn.map(tr.mapping, tr.doc) }
}

/** Finds passages by their anchors; `byQuote`: those without one by their words. */
function find(state: EditorState, marked: readonly Marked[], byQuote: boolean): Map<string, Range> {
  const ranges = new Map<string, Range>()
  let text: PlainText | undefined
  for (const { id, anchor, quote } of marked) {
    let range = rangeOf(state, anchor)
    if (range === undefined && byQuote) range = rangeOfQuote((text ??= plainText(state.doc)), quote)
    if (range !== undefined) ranges.set(id, range)
  }
  return ranges
}

function draw(state: EditorState, look: Highlights, ranges: ReadonlyMap<string, Range>): DecorationSet {
  const list: Decoration[] = []
  for (const [id, { from, to }] of ranges) {
    const tone = id === look.active ? ' commented-active' : id === look.hover ? ' commented-hover' : ''
    list.push(Decoration.inline(from, to, { class: `commented${tone}` }))
  }
  return DecorationSet.create(state.doc, list)
}

/** Says whether comments may be made, and has the toolbar look. */
export function setCommentable(editor: Editor, may: boolean): void {
  if (commentable(editor) === may || editor.isDestroyed) return
  noteCommentable(editor, may)
  redraw(editor, {})
}
