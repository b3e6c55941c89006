import { useEffect, useId, useRef, type ReactNode } from 'react'
import { X } from 'lucide-react'

/**
 * A modal dialog: the browser's own, which traps focus, hides the rest from
 * assistive technology, closes with Escape and gives focus back.
 */
export function Dialog(props: {
  title: string
  children: ReactNode
  onClose: () => void
  size?: 'small' | 'medium' | 'large'
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const dialog = ref.current!
    if (!dialog.open) dialog.showModal()
    const first = dialog.querySelector<HTMLElement>('[data-first]')
    first?.focus()
    if (first instanceof HTMLInputElement) first.select()
    return () => dialog.close()
  }, [])
  return (
    <dialog
      ref={ref}
      className={`dialog dialog-${props.size ?? 'small'}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        props.onClose()
      }}
      onClick={(event) => {
        // Only the backdrop is the dialog element itself; its content is in the inner box.
        if (event.target === ref.current) props.onClose()
      }}
    >
      <div className="dialog-box">
        <header className="dialog-head">
          <h2 id={titleId}>{props.title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={props.onClose}>
            <X aria-hidden="true" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  )
}
