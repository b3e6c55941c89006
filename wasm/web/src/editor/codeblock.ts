import { CodeBlock } from '@tiptap/extension-code-block'
import type { Node as ProseMirrorNode } from '@tiptap/pm/model'
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
import { ySyncPluginKey } from '@tiptap/y-tiptap'
import type { Highlighter, Piece } from './highlighter'

/** Languages offered for code blocks. */
export const LANGUAGES = [
  ['', 'Plain text'],
  ['bash', 'Shell'],
  ['c', 'C'],
  ['css', 'CSS'],
  ['go', 'Go'],
  ['xml', 'HTML, XML'],
  ['java', 'Java'],
  ['javascript', 'JavaScript'],
  ['json', 'JSON'],
  ['markdown', 'Markdown'],
  ['python', 'Python'],
  ['rust', 'Rust'],
  ['sql', 'SQL'],
  ['typescript', 'TypeScript'],
  ['yaml', 'YAML'],
] as const

/** Longer blocks stay plain: colouring one must not cost a keystroke. */
const MOST_CHARACTERS = 20_000

const key = new PluginKey<DecorationSet>('codeColours')

/**
 * Code blocks whose text is coloured by language. The highlighter is loaded
 * when the first block with a language appears, and only changed blocks are
 * coloured again.
 */
export const CodeBlockWithColours = CodeBlock.extend({
  addProseMirrorPlugins() {
    return [...(this.parent?.() ?? []), coloursPlugin(this.name)]
  },
})

function coloursPlugin(name: string): Plugin<DecorationSet> {
  let highlighter: Highlighter | undefined
  let loading = false
  let known = new Map<string, Piece[]>()

  /** The pieces of every block in the document; those of texts seen last time are not made again. */
  const colour = (state: EditorState): DecorationSet => {
    const decorations: Decoration[] = []
    const seen = new Map<string, Piece[]>()
    for (const { node, at } of blocks(state, name)) {
      const text = node.textContent
      if (text.length > MOST_CHARACTERS) continue
      const language = node.attrs.language as string
      const id = `${language}\n${text}`
      const pieces = seen.get(id) ?? known.get(id) ?? highlighter!(language, text)
      seen.set(id, pieces)
      for (const p of pieces) {
        decorations.push(Decoration.inline(at + 1 + p.from, at + 1 + p.to, { class: p.classes }))
      }
    }
    known = seen
    return decorations.length === 0 ? DecorationSet.empty : DecorationSet.create(state.doc, decorations)
  }

  return new Plugin<DecorationSet>({
    key,
    state: {
      init: () => DecorationSet.empty,
      apply: (tr, previous, old, next) => {
        if (highlighter === undefined) return previous
        if (tr.getMeta(key) !== undefined) return colour(next)
        if (!tr.docChanged) return previous
        // A change from elsewhere replaces the whole document, so nothing can be mapped through it.
        const whole = tr.getMeta(ySyncPluginKey) !== undefined
        return whole || touchesCode(old, next, name) ? colour(next) : previous.map(tr.mapping, tr.doc)
      },
    },
    props: { decorations: (state) => key.getState(state) },
    view: () => ({
      update: (view, before) => {
        if (highlighter !== undefined || loading || before.doc === view.state.doc) return
        if (blocks(view.state, name).length === 0) return
        loading = true
        void import('./highlighter').then(({ createHighlighter }) => {
          highlighter = createHighlighter()
          if (!view.isDestroyed)
            view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false))
        })
      },
    }),
  })
}

/** Code blocks that have a language. */
function blocks(state: EditorState, name: string): { node: ProseMirrorNode; at: number }[] {
  const found: { node: ProseMirrorNode; at: number }[] = []
  state.doc.descendants((node, at) => {
    if (node.type.name === name && node.attrs.language) found.push({ node, at })
    return !node.isTextblock
  })
  return found
}

/** Whether a change concerns code blocks: the common keystroke in a paragraph does not. */
function touchesCode(old: EditorState, next: EditorState, name: string): boolean {
  const from = old.doc.content.findDiffStart(next.doc.content)
  if (from === null) return false
  const end = old.doc.content.findDiffEnd(next.doc.content)
  const has = (state: EditorState, to: number) => {
    let found = false
    state.doc.nodesBetween(
      Math.max(0, from - 1),
      Math.min(state.doc.content.size, Math.max(from, to) + 1),
      (n) => {
        found ||= n.type.name === name
        return !found
      },
    )
    return found
  }
  return has(next, end?.b ?? next.doc.content.size) || has(old, end?.a ?? old.doc.content.size)
}
