import type { Editor } from '@tiptap/core'
import type { EditorState } from '@tiptap/pm/state'
import type { Node } from '@tiptap/pm/model'
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from '@tiptap/y-tiptap'
import * as Y from 'yjs'
import type { Anchor } from '../api/types'

/** A passage in the editor's own positions. */
export interface Range {
  from: number
  to: number
}

/** The longest quote that is kept of a passage, in characters; 1,024 bytes are allowed. */
const QUOTE_CHARACTERS = 240

interface Binding {
  doc: Y.Doc
  type: Y.XmlFragment
  mapping: Map<Y.AbstractType<unknown>, Node | Node[]>
}

function bindingOf(state: EditorState): Binding | undefined {
  const sync = ySyncPluginKey.getState(state) as
    { doc: Y.Doc; type: Y.XmlFragment; binding: { mapping: Binding['mapping'] } | null } | undefined
  if (sync?.binding == null) return undefined
  return { doc: sync.doc, type: sync.type, mapping: sync.binding.mapping }
}

/**
 * Names a passage by the characters at its ends, so that what is written before,
 * after and inside it does not move it off. Undefined where the document cannot
 * say (it is being replaced).
 */
export function anchorOf(editor: Editor, { from, to }: Range): Anchor | undefined {
  const binding = bindingOf(editor.state)
  if (binding === undefined || from >= to) return undefined
  try {
    const at = (pos: number) =>
      absolutePositionToRelativePosition(pos, binding.type, binding.mapping as never) as Y.RelativePosition
    let start = at(from)
    const first = editor.state.doc.resolve(from).nodeAfter?.isText === true ? at(from + 1) : undefined
    // A position is named by the character on its left; the start wants the one on its right.
    if (first?.item != null) start = new Y.RelativePosition(null, null, first.item, 0)
    return { from: encode(start), to: encode(at(to)) }
  } catch {
    return undefined
  }
}

/** Where a passage is now, or undefined when nothing of it is left. */
export function rangeOf(state: EditorState, anchor: Anchor): Range | undefined {
  const binding = bindingOf(state)
  if (binding === undefined || anchor.from === '') return undefined
  try {
    const from = find(binding, anchor.from)
    const to = find(binding, anchor.to)
    if (from === null || to === null || from >= to || from < 0 || to > state.doc.content.size)
      return undefined
    return { from, to }
  } catch {
    return undefined // made by another kind of editor, or by no editor
  }
}

/**
 * Where a position is now. What an undo put back are other characters than those
 * that were deleted; only the page that undid knows them for the same, so no page
 * goes by that: all see a passage in one place.
 */
function find({ doc, type, mapping }: Binding, anchor: string): number | null {
  const position = decode(anchor)
  const found = Y.createAbsolutePositionFromRelativePosition(position, doc, false)
  if (found === null) return null
  // The binding's helper takes the very beginning of the text for a mistake.
  const block = type.length > 0 ? type.get(0) : undefined
  if (found.index === 0 && block instanceof Y.XmlElement && block.length > 0 && block.get(0) === found.type)
    return 1
  const now =
    found.type instanceof Y.XmlText
      ? Y.createRelativePositionFromTypeIndex(found.type, found.index, position.assoc)
      : position
  return relativePositionToAbsolutePosition(doc, type, now, mapping as never)
}

/** Quotes shorter than this are no proof of a place. */
const QUOTE_PROOF = 6

/**
 * Where a quote stands, if it does in one place only: for passages that were cut
 * and pasted, or deleted and put back.
 */
export function rangeOfQuote(text: PlainText, quote: string): Range | undefined {
  const wanted = quote.replace(/…$/, '')
  if (wanted.length < QUOTE_PROOF) return undefined
  const at = text.plain.indexOf(wanted)
  if (at < 0 || text.plain.indexOf(wanted, at + 1) >= 0) return undefined
  const from = positionIn(text, at)
  const last = positionIn(text, at + wanted.length - 1)
  return from === undefined || last === undefined ? undefined : { from, to: last + 1 }
}

/** A document's text, and where in the document its pieces are. */
export interface PlainText {
  plain: string
  pieces: { at: number; pos: number; length: number }[]
}

export function plainText(doc: Node): PlainText {
  const text: PlainText = { plain: '', pieces: [] }
  const parts: string[] = []
  let at = 0
  doc.descendants((node, pos) => {
    if (node.isText) {
      const piece = node.text ?? ''
      text.pieces.push({ at, pos, length: piece.length })
      parts.push(piece)
      at += piece.length
    } else if (node.isTextblock && at > 0) {
      parts.push(' ')
      at++
    }
    return true
  })
  text.plain = parts.join('')
  return text
}

function positionIn(text: PlainText, offset: number): number | undefined {
  const piece = text.pieces.find((p) => offset >= p.at && offset < p.at + p.length)
  return piece === undefined ? undefined : piece.pos + offset - piece.at
}

/** What a passage says, short enough to be kept beside a comment. */
export function quoteOf(doc: Node, { from, to }: Range): string {
  const characters = [...doc.textBetween(from, to, ' ', ' ').trim().replace(/\s+/g, ' ')]
  if (characters.length <= QUOTE_CHARACTERS) return characters.join('')
  return `${characters.slice(0, QUOTE_CHARACTERS - 1).join('')}…`
}

/**
 * What a comment made now would be about: the selection, else the word the caret
 * stands in, else its paragraph. Undefined in an empty paragraph.
 */
export function passageAt(state: EditorState): Range | undefined {
  const { from, to, empty, $from } = state.selection
  if (!empty) return trimmed(state.doc, { from, to })
  const block = $from.parent
  if (!block.isTextblock) return undefined
  const start = $from.start()
  const text = block.textBetween(0, block.content.size, '\n', '\n')
  const word = wordAt(text, $from.parentOffset)
  const range = word ?? { from: 0, to: text.length }
  return trimmed(state.doc, { from: start + range.from, to: start + range.to })
}

/** The letters and digits around an offset. */
export function wordAt(text: string, offset: number): Range | undefined {
  const inWord = (c: string | undefined) => c !== undefined && /[\p{L}\p{N}\p{M}_'’-]/u.test(c)
  let from = offset
  let to = offset
  while (from > 0 && inWord(text[from - 1])) from--
  while (to < text.length && inWord(text[to])) to++
  return from === to ? undefined : { from, to }
}

/** Leaves out what a selection holds at its ends without showing it: block borders. */
function trimmed(doc: Node, { from, to }: Range): Range | undefined {
  let first: number | undefined
  let last: number | undefined
  doc.nodesBetween(from, to, (node, pos) => {
    if (!node.isInline) return true
    first ??= Math.max(from, pos)
    last = Math.min(to, pos + node.nodeSize)
    return false
  })
  return first === undefined || last === undefined || first >= last ? undefined : { from: first, to: last }
}

function encode(position: Y.RelativePosition): string {
  return btoa(String.fromCharCode(...Y.encodeRelativePosition(position)))
}

function decode(text: string): Y.RelativePosition {
  return Y.decodeRelativePosition(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))
}
