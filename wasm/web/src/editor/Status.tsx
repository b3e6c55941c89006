import * as Popover from '@radix-ui/react-popover'
import { Check, CircleDashed, TriangleAlert } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { DocumentInfo } from '../api/types'
import { store, useApp } from '../app/store'
import { setOffline } from '../home/HomeHeader'
import type { Provider } from '../provider/provider'
import { statusWords, type StatusFacts, type StatusWords } from '../status/wording'
import { useProviderState } from './useProvider'

/** "Saving…" stays this long after the last acknowledgement, so that it does not flicker. */
const SETTLE_MS = 350

/** In words where this page's edits are, always true; a press tells more. */
export function StatusChip(props: { id: string; provider: Provider | undefined; onInfo: () => void }) {
  const { id, provider } = props
  const words = useStatus(id, provider)
  return (
    <Popover.Root>
      <Popover.Trigger className="status-chip" data-tone={words.tone}>
        <span className="dot" data-tone={words.tone === 'quiet' ? 'good' : words.tone} aria-hidden="true" />
        <span role="status" aria-live="polite">
          {words.short}
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="card"
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Where this document is"
        >
          <Places id={id} provider={provider} />
          <Popover.Close asChild>
            <button type="button" className="link-button places-more" onClick={props.onInfo}>
              Who holds what
            </button>
          </Popover.Close>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

/** The sentence that goes with a problem, in plain sight. */
export function StatusBanner({ id, provider }: { id: string; provider: Provider }) {
  const words = useStatus(id, provider)
  return (
    <div role="alert" className="banner-slot">
      {words.detail !== undefined && (
        <p className="banner">
          <TriangleAlert aria-hidden="true" /> <span>{words.detail}</span>
        </p>
      )}
    </div>
  )
}

function Places({ id, provider }: { id: string; provider: Provider | undefined }) {
  const info = useApp((s) => s.documents?.find((d) => d.id === id))
  const offline = useApp((s) => s.status?.offline ?? false)
  const unsaved = useProviderState(provider, (s) => s.sent - s.acked) ?? 0
  const sent = useProviderState(provider, (s) => s.sent) ?? 0
  const durable = useProviderState(provider, (s) => s.others)
  const others = (info?.others ?? []).map((o) => {
    const through = durable?.find((d) => d.device === o.device)?.through
    return { ...o, all: sent > 0 && through !== undefined ? through >= sent : o.complete }
  })
  return (
    <>
      <h2>Where this document is</h2>
      <ul className="places">
        <Place name="This device" all={provider !== undefined && unsaved === 0} partly="Not everything yet" />
        {others.map((o) => (
          <Place key={o.device} name={o.name || 'Another device'} all={o.all} partly="Not everything yet" />
        ))}
      </ul>
      {others.length === 0 && <p className="help">No other device has confirmed edits of yours yet.</p>}
      <label className="switch-row">
        <span>
          <b>Work offline</b>
          <small>Edits are kept here and sent when you return.</small>
        </span>
        <input
          type="checkbox"
          role="switch"
          className="switch-input"
          checked={offline}
          onChange={(event) => void setOffline(event.target.checked)}
        />
      </label>
    </>
  )
}

function Place(props: { name: string; all: boolean; partly: string }) {
  return (
    <li className="place" data-all={props.all || undefined}>
      {props.all ? <Check aria-hidden="true" /> : <CircleDashed aria-hidden="true" />}
      <span>{props.name}</span>
      <small>{props.all ? 'Everything' : props.partly}</small>
    </li>
  )
}

/**
 * The words, following provider and store without drawing anything on a
 * keystroke: only changed words are set. Words that claim more than the last
 * ones wait a moment; words that claim less are shown at once.
 */
function useStatus(id: string, provider: Provider | undefined): StatusWords {
  const [words, setWords] = useState<StatusWords>(() => statusWords(facts(id, provider)))
  const shown = useRef(words)
  useEffect(() => {
    let timer: number | undefined
    const show = (next: StatusWords) => {
      if (same(shown.current, next)) return
      shown.current = next
      setWords(next)
    }
    const look = () => {
      const next = statusWords(facts(id, provider))
      window.clearTimeout(timer)
      if (shown.current.tone === 'busy' && next.tone !== 'busy' && next.tone !== 'problem') {
        timer = window.setTimeout(() => show(statusWords(facts(id, provider))), SETTLE_MS)
      } else show(next)
    }
    look()
    const stops = [store.subscribe(look), provider?.subscribe(look)]
    return () => {
      window.clearTimeout(timer)
      for (const stop of stops) stop?.()
    }
  }, [id, provider])
  return words
}

function same(a: StatusWords, b: StatusWords): boolean {
  return a.tone === b.tone && a.short === b.short && a.detail === b.detail
}

function facts(id: string, provider: Provider | undefined): StatusFacts {
  const { documents, status, link } = store.state
  const info: DocumentInfo | undefined = documents?.find((d) => d.id === id)
  const p = provider?.state
  return {
    connection: p?.connection ?? (link === 'lost' ? 'lost' : 'connecting'),
    ready: p?.ready ?? false,
    sent: p?.sent ?? 0,
    acked: p?.acked ?? 0,
    others: p?.others ?? [],
    holders: info?.others ?? [],
    offline: status?.offline ?? false,
    refused: p?.refused,
    store: status?.store.state ?? 'ok',
    joining: info?.state === 'joining' && info.waiting !== true,
    waiting: info?.waiting === true,
    removed: info?.state === 'removed',
  }
}
