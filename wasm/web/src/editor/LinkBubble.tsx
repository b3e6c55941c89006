import { getMarkRange, type Editor } from '@tiptap/core'
import { ExternalLink, Pencil, Unlink } from 'lucide-react'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import { completeAddress } from './links'

type Shown = { mode: 'show'; href: string } | { mode: 'edit'; href: string; text: string }

/** The small window of a link: where it goes, and how to change it. */
export function LinkBubble({ editor }: { editor: Editor }) {
  const [shown, setShown] = useState<Shown>()
  const box = useRef<HTMLDivElement>(null)
  const [, place] = useState(0)

  useEffect(() => {
    const look = () => {
      setShown((now) => {
        if (now?.mode === 'edit') return now
        const href = hrefAt(editor)
        if (href === undefined || !editor.isFocused || !editor.state.selection.empty) return undefined
        return now?.href === href ? now : { mode: 'show', href }
      })
    }
    const edit = () => {
      if (!editor.isEditable) return
      const { from, to, empty } = editor.state.selection
      const href = hrefAt(editor)
      if (href !== undefined && empty) editor.commands.extendMarkRange('link')
      setShown({ mode: 'edit', href: href ?? '', text: editor.state.doc.textBetween(from, to, ' ') })
    }
    const leave = (event: FocusEvent) => {
      if (box.current?.contains(event.relatedTarget as Node | null) !== true) {
        setShown((now) => (now?.mode === 'show' ? undefined : now))
      }
    }
    const move = () => place((n) => n + 1)
    const dom = editor.view.dom
    editor.on('selectionUpdate', look)
    dom.addEventListener('sheaf:link', edit)
    dom.addEventListener('focusout', leave)
    window.addEventListener('scroll', move, { capture: true, passive: true })
    window.addEventListener('resize', move)
    return () => {
      editor.off('selectionUpdate', look)
      dom.removeEventListener('sheaf:link', edit)
      dom.removeEventListener('focusout', leave)
      window.removeEventListener('scroll', move, { capture: true })
      window.removeEventListener('resize', move)
    }
  }, [editor])

  useLayoutEffect(() => {
    const element = box.current
    if (element === null || shown === undefined || editor.isDestroyed) return
    const at = editor.view.coordsAtPos(editor.state.selection.from)
    const left = Math.max(8, Math.min(at.left, window.innerWidth - element.offsetWidth - 8))
    const below = at.bottom + 8
    const fits = below + element.offsetHeight < window.innerHeight
    element.style.left = `${left}px`
    element.style.top = `${fits ? below : at.top - element.offsetHeight - 8}px`
  })

  if (shown === undefined) return null
  const close = () => {
    setShown(undefined)
    editor.commands.focus()
  }
  return (
    <div ref={box} className="bubble" role={shown.mode === 'edit' ? 'dialog' : 'group'} aria-label="Link">
      {shown.mode === 'show' ? (
        <ShowLink
          href={shown.href}
          editable={editor.isEditable}
          onEdit={() => {
            editor.commands.extendMarkRange('link')
            setShown({ mode: 'edit', href: shown.href, text: '' })
          }}
          onRemove={() => {
            editor.chain().focus().extendMarkRange('link').unsetLink().run()
            setShown(undefined)
          }}
        />
      ) : (
        <EditLink
          href={shown.href}
          onCancel={close}
          onDone={(href) => {
            setLink(editor, href)
            setShown(undefined)
          }}
        />
      )}
    </div>
  )
}

function ShowLink(props: { href: string; editable: boolean; onEdit: () => void; onRemove: () => void }) {
  return (
    <>
      <a href={props.href} target="_blank" rel="noopener noreferrer nofollow" className="bubble-link">
        <ExternalLink aria-hidden="true" />
        <span>{props.href}</span>
      </a>
      {props.editable && (
        <>
          <button type="button" className="icon-button" aria-label="Change link" onClick={props.onEdit}>
            <Pencil aria-hidden="true" />
          </button>
          <button type="button" className="icon-button" aria-label="Remove link" onClick={props.onRemove}>
            <Unlink aria-hidden="true" />
          </button>
        </>
      )}
    </>
  )
}

function EditLink(props: { href: string; onDone: (href: string) => void; onCancel: () => void }) {
  const [value, setValue] = useState(props.href)
  const [wrong, setWrong] = useState(false)
  const field = useId()
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.select(), [])
  return (
    <form
      className="bubble-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (value.trim() === '') return props.onDone('')
        const address = completeAddress(value)
        if (address === undefined) setWrong(true)
        else props.onDone(address)
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        props.onCancel()
      }}
    >
      <label htmlFor={field} className="visually-hidden">
        Address
      </label>
      <input
        ref={input}
        id={field}
        className="field"
        value={value}
        placeholder="Paste or type an address"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={wrong}
        onChange={(event) => {
          setValue(event.target.value)
          setWrong(false)
        }}
      />
      <button type="submit" className="button button-primary">
        Apply
      </button>
      {wrong && (
        <p className="help help-problem" role="alert">
          Links may go to web, mail and phone addresses.
        </p>
      )}
    </form>
  )
}

function hrefAt(editor: Editor): string | undefined {
  const { $from } = editor.state.selection
  if (getMarkRange($from, editor.schema.marks.link!) === undefined) return undefined
  return editor.getAttributes('link').href as string | undefined
}

/** Links the selection; with nothing selected, the address itself is inserted as text. */
function setLink(editor: Editor, href: string): void {
  const chain = editor.chain().focus()
  if (href === '') {
    chain.extendMarkRange('link').unsetLink().run()
    return
  }
  if (editor.state.selection.empty && hrefAt(editor) === undefined) {
    chain.insertContent({ type: 'text', text: href, marks: [{ type: 'link', attrs: { href } }] }).run()
    return
  }
  const { to } = editor.state.selection
  chain.setLink({ href }).setTextSelection(to).unsetMark('link').run()
}
