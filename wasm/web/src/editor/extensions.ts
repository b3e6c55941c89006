import { Extension, type Extensions } from '@tiptap/core'
import { Blockquote } from '@tiptap/extension-blockquote'
import { Bold } from '@tiptap/extension-bold'
import { Code } from '@tiptap/extension-code'
import { Collaboration } from '@tiptap/extension-collaboration'
import { Document } from '@tiptap/extension-document'
import { HardBreak } from '@tiptap/extension-hard-break'
import { Heading } from '@tiptap/extension-heading'
import { HorizontalRule } from '@tiptap/extension-horizontal-rule'
import { Italic } from '@tiptap/extension-italic'
import { Link } from '@tiptap/extension-link'
import { BulletList, ListItem, ListKeymap, OrderedList, TaskItem, TaskList } from '@tiptap/extension-list'
import { Paragraph } from '@tiptap/extension-paragraph'
import { Strike } from '@tiptap/extension-strike'
import { Table, TableCell, TableHeader, TableRow } from '@tiptap/extension-table'
import { Text } from '@tiptap/extension-text'
import { Dropcursor } from '@tiptap/extensions/drop-cursor'
import { Gapcursor } from '@tiptap/extensions/gap-cursor'
import { Placeholder } from '@tiptap/extensions/placeholder'
import type { Doc } from 'yjs'
import { CodeBlockWithColours } from './codeblock'
import { allowedAddress } from './links'

/**
 * The schema and behaviour of the text. The whole schema is always loaded,
 * although tables are rarer than paragraphs: a binding that met an element it
 * does not know would take it out of the document for everyone.
 */
export function textExtensions(doc: Doc): Extensions {
  return [
    Document,
    Paragraph,
    Text,
    HardBreak,
    Heading.configure({ levels: [1, 2, 3] }),
    Bold,
    Italic,
    Strike,
    Code,
    Link.configure({
      openOnClick: false,
      defaultProtocol: 'https',
      protocols: ['mailto', 'tel'],
      isAllowedUri: (address) => allowedAddress(address),
      HTMLAttributes: { target: '_blank', rel: 'noopener noreferrer nofollow' },
    }),
    BulletList,
    OrderedList,
    ListItem,
    TaskList,
    TaskItem.configure({
      nested: true,
      a11y: {
        checkboxLabel: (node, checked) =>
          `${checked ? 'Done' : 'To do'}: ${node.textContent || 'empty task'}`,
      },
    }),
    ListKeymap,
    Blockquote,
    CodeBlockWithColours,
    HorizontalRule,
    Table.configure({ resizable: false }),
    TableRow,
    TableHeader,
    TableCell,
    Dropcursor.configure({ class: 'drop-line', color: false, width: 2 }),
    Gapcursor,
    Placeholder.configure({
      placeholder: ({ node, editor }) =>
        node.type.name === 'heading' ? 'Heading' : editor.isEmpty ? 'Write, or paste something…' : '',
    }),
    Collaboration.configure({ document: doc, field: 'default' }),
    PageKeys,
  ]
}

/** Shortcuts that the parts do not bring. */
const PageKeys = Extension.create({
  name: 'pageKeys',
  addKeyboardShortcuts() {
    return {
      'Mod-k': () => {
        this.editor.view.dom.dispatchEvent(new CustomEvent('sheaf:link', { bubbles: true }))
        return true
      },
    }
  },
})
