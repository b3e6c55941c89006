import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'
import { messageOf } from '../api/rpc'
import { keysFor } from '../ui/keys'
import { knownPeople, mentionedIn, type Known, type Threads } from './threads'

const MOST_OFFERED = 6

/** The field a comment is written in, with the people it may name. */
export function Composer(props: {
  threads: Threads
  /** What keeps the text when this is drawn anew: a thread or comment. */
  keep: string
  /** What is there already, when a comment is changed. */
  text?: string
  label: string
  send: string
  /** Writing begins at once. */
  focus?: boolean
  onSend: (text: string, mentions: string[]) => Promise<void>
  onCancel: () => void
}) {
  const { threads, keep } = props
  const [text, setText] = useState(threads.unsent.get(keep) ?? props.text ?? '')
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const named = useRef<Known[]>([])
  const field = useRef<HTMLTextAreaElement>(null)
  const problemId = useId()
  const names = useNames(threads, field, (person) => {
    named.current = [...named.current, person]
  })
  useEffect(() => {
    if (props.focus !== true) return
    const element = field.current
    element?.focus({ preventScroll: true })
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [props.focus])

  const write = (next: string) => {
    setText(next)
    setProblem(undefined)
    threads.unsent.set(keep, next)
  }
  const send = async () => {
    const said = text.trim()
    if (said === '' || busy) return
    setBusy(true)
    try {
      const people = [...named.current, ...(await peopleIn(said, threads))]
      await props.onSend(said, mentionedIn(said, people))
      threads.unsent.delete(keep)
      setText('')
    } catch (error) {
      setProblem(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  const cancel = () => {
    threads.unsent.delete(keep)
    setText(props.text ?? '')
    props.onCancel()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (names.onKeyDown(event, write)) return
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void send()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      // What was written stays with the thread until it is sent or given up.
      if (text.trim() === '' || text === props.text) cancel()
      else field.current?.blur()
    }
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <textarea
        ref={field}
        className="field composer-field"
        rows={1}
        value={text}
        maxLength={4000}
        placeholder={props.label}
        aria-label={props.label}
        aria-describedby={problem === undefined ? undefined : problemId}
        aria-autocomplete="list"
        aria-controls={names.open ? names.id : undefined}
        aria-activedescendant={names.open ? `${names.id}-${names.at}` : undefined}
        onChange={(event) => {
          write(event.target.value)
          names.look()
        }}
        onKeyDown={onKeyDown}
        onBlur={names.close}
      />
      {names.open && (
        <ul className="names" id={names.id} role="listbox" aria-label="People to mention">
          {names.offered.map((person, i) => (
            <li
              key={person.user}
              id={`${names.id}-${i}`}
              role="option"
              aria-selected={i === names.at}
              onMouseDown={(event) => {
                event.preventDefault()
                names.take(person, write)
              }}
            >
              {person.name}
            </li>
          ))}
        </ul>
      )}
      {problem !== undefined && (
        <p className="help help-problem" id={problemId} role="alert">
          {problem}
        </p>
      )}
      {(text !== '' || props.focus === true) && (
        <div className="composer-foot">
          <button type="button" className="button" onClick={cancel}>
            Cancel
          </button>
          <button
            type="submit"
            className="button button-primary"
            disabled={busy || text.trim() === ''}
            title={keysFor('Mod-Enter')}
          >
            {props.send}
          </button>
        </div>
      )}
    </form>
  )
}

/** People who are named in a text that has not been typed with the list's help. */
async function peopleIn(text: string, threads: Threads): Promise<Known[]> {
  return text.includes('@') ? knownPeople(threads.id, threads.state.threads ?? []) : []
}

interface Names {
  id: string
  open: boolean
  offered: readonly Known[]
  at: number
  look: () => void
  close: () => void
  take: (person: Known, write: (text: string) => void) => void
  /** Says whether the key was the list's. */
  onKeyDown: (event: KeyboardEvent<HTMLTextAreaElement>, write: (text: string) => void) => boolean
}

/** The list that opens behind an @. */
function useNames(
  threads: Threads,
  field: React.RefObject<HTMLTextAreaElement | null>,
  onTake: (person: Known) => void,
): Names {
  const id = useId()
  const [people, setPeople] = useState<readonly Known[]>()
  const [wanted, setWanted] = useState<string>()
  const [at, setAt] = useState(0)
  const offered = wanted === undefined ? [] : matching(people ?? [], wanted)
  const look = () => {
    const element = field.current
    const begun =
      element === null ? undefined : nameBegun(element.value.slice(0, element.selectionStart ?? 0))
    setWanted(begun)
    setAt(0)
    if (begun !== undefined && people === undefined) {
      setPeople([])
      void knownPeople(threads.id, threads.state.threads ?? []).then(setPeople)
    }
  }
  const close = () => setWanted(undefined)
  const take = (person: Known, write: (text: string) => void) => {
    const element = field.current
    if (element === null || wanted === undefined) return
    const caret = element.selectionStart ?? element.value.length
    const before = `${element.value.slice(0, caret - wanted.length)}${person.name} `
    const text = before + element.value.slice(caret)
    write(text)
    onTake(person)
    close()
    requestAnimationFrame(() => element.setSelectionRange(before.length, before.length))
  }
  return {
    id,
    open: offered.length > 0,
    offered,
    at,
    look,
    close,
    take,
    onKeyDown: (event, write) => {
      if (offered.length === 0) return false
      switch (event.key) {
        case 'ArrowDown':
          setAt((at + 1) % offered.length)
          break
        case 'ArrowUp':
          setAt((at + offered.length - 1) % offered.length)
          break
        case 'Enter':
        case 'Tab':
          take(offered[at]!, write)
          break
        case 'Escape':
          event.stopPropagation()
          close()
          break
        default:
          return false
      }
      event.preventDefault()
      return true
    },
  }
}

/** The name that is being written at the end of a text, without its @. */
export function nameBegun(before: string): string | undefined {
  return /(?:^|[\s(])@([^@\n]{0,40})$/.exec(before)?.[1]
}

/** Those whose name, or a word of it, begins so. */
export function matching(people: readonly Known[], begun: string): Known[] {
  const wanted = begun.toLocaleLowerCase()
  return people
    .filter((p) => {
      const name = p.name.toLocaleLowerCase()
      return name.startsWith(wanted) || name.split(/\s+/).some((word) => word.startsWith(wanted))
    })
    .slice(0, MOST_OFFERED)
}
