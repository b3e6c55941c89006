import type { Editor } from '@tiptap/core'
import {
  Bold,
  Code,
  Italic,
  Link,
  List,
  ListChecks,
  ListOrdered,
  MessageSquarePlus,
  Quote,
  Redo2,
  SquareCode,
  Strikethrough,
  Table,
  Undo2,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { EditorFacts } from './useEditorFacts'

/** One button of the toolbar, which is also an entry of its overflow menu. */
export interface Tool {
  id: string
  label: string
  icon: ReactNode
  keys?: string
  /** Undefined for a button that does something instead of being on or off. */
  on?: (facts: EditorFacts) => boolean
  disabled?: (facts: EditorFacts) => boolean
  run: (editor: Editor) => void
  /** Works for those who may comment and not write. */
  comments?: boolean
  /** Tools of one group stand together. */
  group: number
}

const inCode = (f: EditorFacts) => f.codeBlock

export const TOOLS: readonly Tool[] = [
  {
    id: 'undo',
    label: 'Undo',
    icon: <Undo2 />,
    keys: 'Mod-Z',
    group: 0,
    disabled: (f) => !f.canUndo,
    run: (e) => e.chain().focus().undo().run(),
  },
  {
    id: 'redo',
    label: 'Redo',
    icon: <Redo2 />,
    keys: 'Mod-Shift-Z',
    group: 0,
    disabled: (f) => !f.canRedo,
    run: (e) => e.chain().focus().redo().run(),
  },
  {
    id: 'bold',
    label: 'Bold',
    icon: <Bold />,
    keys: 'Mod-B',
    group: 2,
    on: (f) => f.bold,
    disabled: inCode,
    run: (e) => e.chain().focus().toggleBold().run(),
  },
  {
    id: 'italic',
    label: 'Italic',
    icon: <Italic />,
    keys: 'Mod-I',
    group: 2,
    on: (f) => f.italic,
    disabled: inCode,
    run: (e) => e.chain().focus().toggleItalic().run(),
  },
  {
    id: 'strike',
    label: 'Strikethrough',
    icon: <Strikethrough />,
    keys: 'Mod-Shift-S',
    group: 2,
    on: (f) => f.strike,
    disabled: inCode,
    run: (e) => e.chain().focus().toggleStrike().run(),
  },
  {
    id: 'code',
    label: 'Inline code',
    icon: <Code />,
    keys: 'Mod-E',
    group: 2,
    on: (f) => f.code,
    disabled: inCode,
    run: (e) => e.chain().focus().toggleCode().run(),
  },
  {
    id: 'link',
    label: 'Link',
    icon: <Link />,
    keys: 'Mod-K',
    group: 2,
    on: (f) => f.link,
    disabled: inCode,
    run: (e) => e.view.dom.dispatchEvent(new CustomEvent('sheaf:link', { bubbles: true })),
  },
  {
    id: 'comment',
    label: 'Comment',
    icon: <MessageSquarePlus />,
    keys: 'Mod-Alt-M',
    group: 2,
    comments: true,
    disabled: (f) => !f.comments,
    run: (e) => e.view.dom.dispatchEvent(new CustomEvent('sheaf:comment', { bubbles: true })),
  },
  {
    id: 'bullets',
    label: 'Bulleted list',
    icon: <List />,
    keys: 'Mod-Shift-8',
    group: 3,
    on: (f) => f.bullets,
    run: (e) => e.chain().focus().toggleBulletList().run(),
  },
  {
    id: 'numbers',
    label: 'Numbered list',
    icon: <ListOrdered />,
    keys: 'Mod-Shift-7',
    group: 3,
    on: (f) => f.numbers,
    run: (e) => e.chain().focus().toggleOrderedList().run(),
  },
  {
    id: 'tasks',
    label: 'Task list',
    icon: <ListChecks />,
    keys: 'Mod-Shift-9',
    group: 3,
    on: (f) => f.tasks,
    run: (e) => e.chain().focus().toggleTaskList().run(),
  },
  {
    id: 'quote',
    label: 'Quote',
    icon: <Quote />,
    keys: 'Mod-Shift-B',
    group: 4,
    on: (f) => f.quote,
    run: (e) => e.chain().focus().toggleBlockquote().run(),
  },
  {
    id: 'codeblock',
    label: 'Code block',
    icon: <SquareCode />,
    keys: 'Mod-Alt-C',
    group: 4,
    on: (f) => f.codeBlock,
    run: (e) => e.chain().focus().toggleCodeBlock().run(),
  },
  {
    id: 'table',
    label: 'Insert table',
    icon: <Table />,
    group: 4,
    disabled: (f) => f.table || f.codeBlock,
    run: (e) => e.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
  },
]

/** Kinds of block that the menu offers. */
export const BLOCKS = [
  { value: 'paragraph', label: 'Text', keys: 'Mod-Alt-0' },
  { value: 'heading1', label: 'Heading 1', keys: 'Mod-Alt-1' },
  { value: 'heading2', label: 'Heading 2', keys: 'Mod-Alt-2' },
  { value: 'heading3', label: 'Heading 3', keys: 'Mod-Alt-3' },
] as const

export function setBlock(editor: Editor, value: string): void {
  const level = /^heading([123])$/.exec(value)?.[1]
  if (level === undefined) editor.chain().setParagraph().run()
  else
    editor
      .chain()
      .setHeading({ level: Number(level) as 1 | 2 | 3 })
      .run()
}

/** What can be done inside a table. */
export const TABLE_COMMANDS: readonly { label: string; run: (e: Editor) => void; line?: boolean }[] = [
  { label: 'Add row above', run: (e) => e.chain().addRowBefore().run() },
  { label: 'Add row below', run: (e) => e.chain().addRowAfter().run() },
  { label: 'Add column to the left', run: (e) => e.chain().addColumnBefore().run() },
  { label: 'Add column to the right', run: (e) => e.chain().addColumnAfter().run() },
  { label: 'Header row on or off', run: (e) => e.chain().toggleHeaderRow().run(), line: true },
  { label: 'Delete row', run: (e) => e.chain().deleteRow().run(), line: true },
  { label: 'Delete column', run: (e) => e.chain().deleteColumn().run() },
  { label: 'Delete table', run: (e) => e.chain().deleteTable().run() },
]
