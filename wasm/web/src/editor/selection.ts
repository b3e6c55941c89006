import type { Editor } from '@tiptap/core'
import type { EditorView } from '@tiptap/pm/view'
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from '@tiptap/y-tiptap'
import * as Y from 'yjs'
import type { Provider } from '../provider/provider'

/**
 * Has an editor read what the browser selects. The browser tells of a selection
 * a moment late; on a busy machine the next key comes first, and it would act on
 * what was selected before.
 */
export function readSelection(view: EditorView): void {
  const { domObserver } = view as unknown as { domObserver?: { flush?: () => void } }
  domObserver?.flush?.()
}

/**
 * Whether a key is one that an input method takes (229), or Enter on Android,
 * which comes in the middle of what its input method does.
 */
export function isForInputMethod(event: KeyboardEvent): boolean {
  return event.keyCode === 229 || (event.key === 'Enter' && /Android/.test(navigator.userAgent))
}

/**
 * Remembers where an editor's selection is, by what it stands beside, while the
 * provider replaces its document; returns how to put it into the new editor.
 */
export function rememberSelection(editor: Editor, provider: Provider): (next: Editor) => void {
  const { anchor, head } = editor.state.selection
  const focused = editor.isFocused
  const scroll = document.querySelector('.canvas')?.scrollTop ?? 0
  const places = [anchor, head].map((at) => toRelative(editor, at))
  return (next) => {
    const most = next.state.doc.content.size
    const [from, to] = places.map((place, i) => {
      const moved = place === undefined ? undefined : toAbsolute(next, provider, place)
      return Math.min(moved ?? (i === 0 ? anchor : head), most)
    })
    next.commands.setTextSelection({ from: from!, to: to! })
    if (focused) next.commands.focus(undefined, { scrollIntoView: false })
    document.querySelector('.canvas')?.scrollTo({ top: scroll })
  }
}

function toRelative(editor: Editor, at: number): Y.RelativePosition | undefined {
  try {
    const state = ySyncPluginKey.getState(editor.state)
    return absolutePositionToRelativePosition(at, state.type, state.binding.mapping) as Y.RelativePosition
  } catch {
    return undefined
  }
}

function toAbsolute(editor: Editor, provider: Provider, place: Y.RelativePosition): number | undefined {
  const item = place.item === null ? null : provider.mapId(place.item)
  const type = place.type === null ? null : provider.mapId(place.type)
  if (item === undefined || type === undefined) return undefined
  try {
    const state = ySyncPluginKey.getState(editor.state)
    const moved = new Y.RelativePosition(type, place.tname, item, place.assoc)
    return (
      relativePositionToAbsolutePosition(state.doc, state.type, moved, state.binding.mapping) ?? undefined
    )
  } catch {
    return undefined
  }
}
