import { Editor } from '@tiptap/core'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useApp } from '../app/store'
import { colourOf } from '../app/people'
import type { Threads } from '../comments/threads'
import type { Provider } from '../provider/provider'
import { cleanHTML } from '../security/trusted'
import { showCarets } from './carets'
import { textExtensions } from './extensions'
import { lazily } from '../ui/lazily'
import { isForInputMethod, readSelection, rememberSelection } from './selection'
import { Toolbar } from './Toolbar'
import { useProviderState } from './useProvider'
import '../styles/comments.css'

const Comments = lazily(() => import('../comments/late').then((m) => m.Comments))
const CommentsPanel = lazily(() => import('../comments/late').then((m) => m.CommentsPanel))
const LinkBubble = lazily(() => import('./LinkBubble').then((m) => m.LinkBubble))

/** Toolbar, page and text of a loaded document. */
export function Surface({ provider, threads }: { provider: Provider; threads: Threads | undefined }) {
  const editor = useEditor(provider)
  usePresence(provider, editor)
  // A text that cannot be edited takes no focus; then the page is scrolled by itself.
  const editable = useProviderState(provider, () => provider.editable) ?? false
  return (
    <>
      <Toolbar editor={editor} />
      <div className="workspace">
        <main className="canvas" aria-label="Document" tabIndex={editable ? undefined : 0}>
          <div className="sheet">
            <EditorMount editor={editor} />
          </div>
          {editor !== undefined && <LinkBubble editor={editor} />}
          {editor !== undefined && threads !== undefined && (
            <Comments editor={editor} provider={provider} threads={threads} />
          )}
        </main>
        {editor !== undefined && threads !== undefined && (
          <CommentsPanel editor={editor} provider={provider} threads={threads} />
        )}
      </div>
    </>
  )
}

/**
 * The editor of the provider's current document. When the provider replaces
 * the document, the editor is replaced in the same turn, so that no keystroke
 * goes into the old one.
 */
function useEditor(provider: Provider): Editor | undefined {
  const [editor, setEditor] = useState<Editor>()
  useEffect(() => {
    let made: Editor | undefined
    let generation = -1
    const follow = () => {
      const { state } = provider
      if (state.generation !== generation && state.ready) {
        generation = state.generation
        const old = made
        const restore = old === undefined ? undefined : rememberSelection(old, provider)
        const next = makeEditor(provider)
        made = next
        if (old === undefined) setEditor(next)
        else {
          flushSync(() => setEditor(next))
          old.destroy()
          restore?.(next)
        }
      }
      if (made !== undefined && made.isEditable !== provider.editable) made.setEditable(provider.editable)
    }
    follow()
    const stop = provider.subscribe(follow)
    return () => {
      stop()
      setEditor(undefined)
      made?.destroy()
    }
  }, [provider])
  return editor
}

function makeEditor(provider: Provider): Editor {
  const element = document.createElement('div')
  element.className = 'text'
  const editor = new Editor({
    element,
    injectCSS: false,
    editable: provider.editable,
    extensions: textExtensions(provider.doc),
    editorProps: {
      transformPastedHTML: cleanHTML,
      handleDOMEvents: {
        keydown: (view, event) => {
          if (!view.composing && !isForInputMethod(event)) readSelection(view)
          return false
        },
      },
      attributes: {
        id: 'text',
        class: 'prose',
        role: 'textbox',
        'aria-multiline': 'true',
        'aria-label': 'Document text',
        spellcheck: 'true',
        // Whoever may only read reaches and scrolls the text by keyboard, too.
        tabindex: '0',
      },
    },
  })
  editor.view.dom.addEventListener('sheaf:insert', (event) => {
    editor
      .chain()
      .focus()
      .insertContent((event as CustomEvent<string>).detail.split('\n').map(paragraph))
      .run()
  })
  element.addEventListener('mousedown', (event) => {
    // A click below the last line means the end of the text.
    if (event.target !== element) return
    event.preventDefault()
    editor.commands.focus('end')
  })
  return editor
}

function paragraph(text: string) {
  return { type: 'paragraph', content: text === '' ? [] : [{ type: 'text', text }] }
}

function EditorMount({ editor }: { editor: Editor | undefined }) {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = editor?.options.element
    if (!(element instanceof HTMLElement)) return
    place.current?.append(element)
    return () => element.remove()
  }, [editor])
  return <div ref={place} className="text-place" />
}

/** Tells others who is here, and shows them. */
function usePresence(provider: Provider, editor: Editor | undefined): void {
  const name = useApp((s) => s.status?.name ?? '')
  const device = useApp((s) => s.status?.device ?? '')
  const presence = useProviderState(provider, (s) => s.presence)
  useEffect(() => {
    if (device !== '') provider.setPresence('user', { name, color: colourOf(device), device })
  }, [provider, name, device])
  useEffect(() => {
    if (editor === undefined || provider.awareness === undefined) return
    return showCarets(editor, provider.awareness)
  }, [provider, editor, presence])
}
