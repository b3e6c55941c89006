import { CodeBlock } from '@tiptap/extension-code-block'
import type { Node as ProseMirrorNode } from '@tiptap/pm/model'
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
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
  let known = new WeakMap<ProseMirrorNode, Decoration[]>()

  const blocks = (state: EditorState) => {
    const found: { node: ProseMirrorNode; at: number }[] = []
    state.doc.descendants((node, at) => {
      if (node.type.name === name && node.attrs.language) found.push({ node, at })
      return !node.isTextblock
    })
    return found
  }

  const colour = (state: EditorState): DecorationSet => {
    const decorations: Decoration[] = []
    for (const { node, at } of blocks(state)) {
      if (node.textContent.length > MOST_CHARACTERS) continue
      let relative = known.get(node)
      if (relative === undefined) {
        relative = pieces(node, highlighter!).map((p) =>
          Decoration.inline(p.from, p.to, { class: p.classes }),
        )
        known.set(node, relative)
      }
      for (const d of relative) {
        decorations.push(Decoration.inline(at + 1 + d.from, at + 1 + d.to, classOf(d)))
      }
    }
    return decorations.length === 0 ? DecorationSet.empty : DecorationSet.create(state.doc, decorations)
  }

  return new Plugin<DecorationSet>({
    key,
    state: {
      init: () => DecorationSet.empty,
      apply: (tr, previous, old, next) => {
        if (highlighter === undefined) return previous
        if (tr.getMeta(key) === undefined && !tr.docChanged) return previous
        if (tr.getMeta(key) === undefined && !touchesCode(old, next, name))
          return previous.map(tr.mapping, tr.doc)
        return colour(next)
      },
    },
    props: { decorations: (state) => key.getState(state) },
    view: () => ({
      update: (view) => {
        if (highlighter !== undefined || loading || blocks(view.state).length === 0) return
        loading = true
        void import('./highlighter').then(({ createHighlighter }) => {
          highlighter = createHighlighter()
          known = new WeakMap()
          if (!view.isDestroyed)
            view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false))
        })
      },
    }),
  })
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

function pieces(node: ProseMirrorNode, highlighter: Highlighter): Piece[] {
  return highlighter(node.attrs.language as string, node.textContent)
}

function classOf(decoration: Decoration): { class: string } {
  return (decoration as unknown as { type: { attrs: { class: string } } }).type.attrs
}
