import { useSyncExternalStore, useCallback } from 'react'
import { initials, readPerson, type Person } from '../app/people'
import { useApp } from '../app/store'
import type { Provider } from '../provider/provider'
import { Tooltip } from '../ui/Tooltip'
import { useProviderState } from './useProvider'

const MOST_SHOWN = 4

interface Present extends Person {
  client: number
}

/** Who else is in the document now; a click goes to where they write. */
export function Presence({ provider }: { provider: Provider }) {
  const people = usePeople(provider)
  // Offline, the others' last signs of life say nothing.
  const offline = useApp((s) => s.status?.offline ?? false)
  if (people.length === 0 || offline) return null
  const shown = people.slice(0, MOST_SHOWN)
  return (
    <ul className="avatars" aria-label="People in this document">
      {shown.map((p) => (
        <li key={p.device}>
          <Tooltip label={p.name}>
            <button
              type="button"
              className="avatar"
              ref={(element) => element?.style.setProperty('--person', p.colour)}
              aria-label={`Go to ${p.name}`}
              data-initials={initials(p.name)}
              onClick={() => scrollTo(p.client)}
            />
          </Tooltip>
        </li>
      ))}
      {people.length > MOST_SHOWN && <li className="avatar-more">+{people.length - MOST_SHOWN}</li>}
    </ul>
  )
}

function scrollTo(client: number): void {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  document
    .querySelector(`.caret[data-client="${client}"]`)
    ?.scrollIntoView({ block: 'center', behavior: still ? 'auto' : 'smooth' })
}

const lists = new WeakMap<object, { key: string; people: Present[] }>()

/** The other people, one per device, in a stable order. */
export function usePeople(provider: Provider): Present[] {
  const own = useApp((s) => s.status?.device ?? '')
  const presence = useProviderState(provider, (s) => s.presence)
  const subscribe = useCallback(
    (listener: () => void) => {
      const awareness = provider.awareness
      awareness?.on('change', listener)
      return () => awareness?.off('change', listener)
    },
    // A new awareness is followed anew.
    [provider, presence],
  )
  return useSyncExternalStore(subscribe, () => {
    const people = read(provider, own)
    const key = JSON.stringify(people)
    const known = lists.get(provider)
    if (known?.key === key) return known.people
    lists.set(provider, { key, people })
    return people
  })
}

function read(provider: Provider, own: string): Present[] {
  const awareness = provider.awareness
  if (awareness === undefined) return []
  const people = new Map<string, Present>()
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID) continue
    const person = readPerson(state.user, String(client))
    if (person.device !== own && !people.has(person.device)) people.set(person.device, { ...person, client })
  }
  return [...people.values()].sort((a, b) => (a.device < b.device ? -1 : 1))
}
