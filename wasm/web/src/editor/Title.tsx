import { useEffect, useRef } from 'react'
import { useApp } from '../app/store'
import type { Provider } from '../provider/provider'
import { useProviderState } from './useProvider'

const TITLE_CHARACTERS = 200

/** The title: the key "title" of the document's Map "meta", which is also the tab's title. */
export function Title({ id, provider }: { id: string; provider: Provider | undefined }) {
  const input = useRef<HTMLInputElement>(null)
  const known = useApp((s) => s.documents?.find((d) => d.id === id)?.title)
  const generation = useProviderState(provider, (s) => (s.ready ? s.generation : 0)) ?? 0
  const editable = useProviderState(provider, () => provider?.editable) ?? false

  useEffect(() => {
    const show = (title: string) => {
      const element = input.current!
      document.title = `${title.trim() === '' ? 'Untitled document' : title} – Sheaf`
      if (element.value === title) return
      // Somebody else renamed it: keep the caret where it was, as far as that goes.
      const at = element.selectionStart
      element.value = title
      if (document.activeElement === element && at !== null) element.setSelectionRange(at, at)
    }
    if (provider === undefined || generation === 0) {
      show(known ?? '')
      return
    }
    const meta = provider.doc.getMap<unknown>('meta')
    const read = () => show(String(meta.get('title') ?? ''))
    read()
    meta.observe(read)
    return () => meta.unobserve(read)
  }, [provider, generation, known])

  return (
    <input
      ref={input}
      className="title"
      aria-label="Title"
      placeholder="Untitled document"
      maxLength={TITLE_CHARACTERS}
      readOnly={!editable}
      autoComplete="off"
      spellCheck={false}
      onInput={(event) => {
        if (provider?.editable === true) {
          provider.doc.getMap<unknown>('meta').set('title', event.currentTarget.value)
        }
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        event.preventDefault()
        document.querySelector<HTMLElement>('.ProseMirror')?.focus()
      }}
    />
  )
}
