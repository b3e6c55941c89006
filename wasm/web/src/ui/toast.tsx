import { useEffect, useState, useSyncExternalStore } from 'react'
import { X } from 'lucide-react'

/** A short message at the bottom, with one thing to do about it. */
export interface Toast {
  id: number
  text: string
  tone: 'plain' | 'problem'
  action?: { label: string; run: () => void }
}

const SHOWN_MS = 8_000
const MOST = 3

let toasts: readonly Toast[] = []
let counter = 0
const listeners = new Set<() => void>()

export function toast(text: string, options: Partial<Pick<Toast, 'tone' | 'action'>> = {}): void {
  toasts = [...toasts, { id: ++counter, text, tone: 'plain' as const, ...options }].slice(-MOST)
  changed()
}

function dismiss(id: number): void {
  toasts = toasts.filter((t) => t.id !== id)
  changed()
}

function changed(): void {
  for (const listener of [...listeners]) listener()
}

/** Where toasts appear; read out politely. */
export function Toasts() {
  const list = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => toasts,
  )
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {list.map((t) => (
        <ToastBox key={t.id} toast={t} />
      ))}
    </section>
  )
}

function ToastBox({ toast: t }: { toast: Toast }) {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => dismiss(t.id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [held, t.id])
  return (
    <div
      className={`toast toast-${t.tone}`}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{t.text}</span>
      {t.action !== undefined && (
        <button
          type="button"
          className="toast-action"
          onClick={() => {
            dismiss(t.id)
            t.action!.run()
          }}
        >
          {t.action.label}
        </button>
      )}
      <button type="button" className="toast-close" aria-label="Dismiss" onClick={() => dismiss(t.id)}>
        <X aria-hidden="true" />
      </button>
    </div>
  )
}
