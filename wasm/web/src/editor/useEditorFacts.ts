import type { Editor } from '@tiptap/core'
import { yUndoPluginKey } from '@tiptap/y-tiptap'
import { useCallback, useSyncExternalStore } from 'react'
import type { UndoManager } from 'yjs'
import { commentable } from '../comments/commentable'

/** What the toolbar shows; all primitive, so that equal facts draw nothing again. */
export interface EditorFacts {
  block: string
  bold: boolean
  italic: boolean
  strike: boolean
  code: boolean
  link: boolean
  bullets: boolean
  numbers: boolean
  tasks: boolean
  quote: boolean
  codeBlock: boolean
  language: string
  table: boolean
  canUndo: boolean
  canRedo: boolean
  editable: boolean
  /** Comments may be made. */
  comments: boolean
}

const NOTHING: EditorFacts = {
  block: 'paragraph',
  bold: false,
  italic: false,
  strike: false,
  code: false,
  link: false,
  bullets: false,
  numbers: false,
  tasks: false,
  quote: false,
  codeBlock: false,
  language: '',
  table: false,
  canUndo: false,
  canRedo: false,
  editable: false,
  comments: false,
}

const cache = new WeakMap<Editor, EditorFacts>()

export function useEditorFacts(editor: Editor | undefined): EditorFacts {
  const subscribe = useCallback(
    (listener: () => void) => {
      if (editor === undefined) return () => {}
      // The undo stacks change after the transaction that filled them.
      const manager = undoManager(editor)
      const events = ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const
      editor.on('transaction', listener)
      editor.on('update', listener)
      for (const e of events) manager?.on(e, listener)
      return () => {
        editor.off('transaction', listener)
        editor.off('update', listener)
        for (const e of events) manager?.off(e, listener)
      }
    },
    [editor],
  )
  return useSyncExternalStore(subscribe, () => {
    if (editor === undefined || editor.isDestroyed) return NOTHING
    const next = readFacts(editor)
    const known = cache.get(editor)
    if (known !== undefined && same(known, next)) return known
    cache.set(editor, next)
    return next
  })
}

export function undoManager(editor: Editor): UndoManager | undefined {
  return (yUndoPluginKey.getState(editor.state) as { undoManager?: UndoManager } | undefined)?.undoManager
}

function readFacts(editor: Editor): EditorFacts {
  const manager = undoManager(editor)
  const { $from } = editor.state.selection
  const facts: EditorFacts = {
    ...NOTHING,
    bold: editor.isActive('bold'),
    italic: editor.isActive('italic'),
    strike: editor.isActive('strike'),
    code: editor.isActive('code'),
    link: editor.isActive('link'),
    canUndo: (manager?.undoStack.length ?? 0) > 0,
    canRedo: (manager?.redoStack.length ?? 0) > 0,
    editable: editor.isEditable,
    comments: commentable(editor),
  }
  // The innermost list decides which list button is lit.
  let list = ''
  for (let depth = $from.depth; depth > 0; depth--) {
    const node = $from.node(depth)
    switch (node.type.name) {
      case 'heading':
        facts.block = `heading${node.attrs.level as number}`
        break
      case 'codeBlock':
        facts.codeBlock = true
        facts.block = 'code'
        facts.language = (node.attrs.language as string | null) ?? ''
        break
      case 'bulletList':
      case 'orderedList':
      case 'taskList':
        list ||= node.type.name
        break
      case 'blockquote':
        facts.quote = true
        break
      case 'table':
        facts.table = true
        break
    }
  }
  facts.bullets = list === 'bulletList'
  facts.numbers = list === 'orderedList'
  facts.tasks = list === 'taskList'
  return facts
}

function same(a: EditorFacts, b: EditorFacts): boolean {
  return (Object.keys(a) as (keyof EditorFacts)[]).every((k) => a[k] === b[k])
}
