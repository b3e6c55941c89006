import { BadgeCheck, ChevronDown, ChevronRight, UserMinus } from 'lucide-react'
import { useEffect, useState } from 'react'
import { ApiError, call } from '../api/rpc'
import type { MemberDevice, MemberRole, Person } from '../api/types'
import { colourOf, initials, nameFor } from '../app/people'
import { store, useApp } from '../app/store'
import { useAction, useCall } from '../ui/useCall'
import { deviceName, MEMBER_ROLES, plural, removeWords, roleWords, seenWords } from './words'

/** While the dialog is open, who is online is looked at this often. */
const LOOK_MS = 5_000

/** Everyone in the document, and what owners can change about it. */
export function People({ id, owner }: { id: string; owner: boolean }) {
  const { answer, problem, again } = useCall('people.list', { id }, LOOK_MS)
  useEffect(() => store.subscribe(again), [again])
  if (problem !== undefined && answer === undefined) {
    return (
      <p className="help help-problem" role="alert">
        {problem}
      </p>
    )
  }
  return (
    <ul className="members" aria-label="People" aria-busy={answer === undefined}>
      {(answer?.people ?? []).map((p) => (
        <PersonRow key={p.user} id={id} person={p} owner={owner} changed={again} />
      ))}
    </ul>
  )
}

type Removal = { device?: MemberDevice; unseen: string | undefined }

function PersonRow(props: { id: string; person: Person; owner: boolean; changed: () => void }) {
  const { id, person } = props
  const ownName = useApp((s) => s.status?.name ?? '')
  const [open, setOpen] = useState(false)
  const [removal, setRemoval] = useState<Removal>()
  const { busy, problem, run } = useAction()
  const given = person.name || (person.me ? ownName : '')
  const name = nameFor(given, person.me)
  const mayChange = props.owner && !person.me

  const remove = (discardUnseen: boolean) =>
    run(async () => {
      const target = removal?.device === undefined ? { user: person.user } : { device: removal.device.device }
      try {
        await call('people.remove', { id, ...target, discardUnseen })
        setRemoval(undefined)
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'unseen') throw error
        setRemoval({ ...removal, unseen: error.message })
      }
      props.changed()
    })

  return (
    <li className="member-item">
      <div className="member">
        <span
          className="avatar"
          aria-hidden="true"
          data-initials={initials(name)}
          ref={(element) => element?.style.setProperty('--person', colourOf(person.user))}
        />
        <span className="member-name">
          <b>
            {name}
            {person.me && given && <small> (you)</small>}
            {person.verified && <BadgeCheck className="verified" aria-label="Compared" role="img" />}
          </b>
          <small>{summary(person)}</small>
        </span>
        {mayChange ? (
          <select
            className="field member-role"
            aria-label={`Role of ${name}`}
            value={person.role}
            disabled={busy}
            onChange={(event) =>
              run(async () => {
                await call('people.role', { id, user: person.user, role: event.target.value as MemberRole })
                props.changed()
              })
            }
          >
            {MEMBER_ROLES.map((r) => (
              <option key={r} value={r}>
                {roleWords(r)}
              </option>
            ))}
          </select>
        ) : (
          <span className="member-role-text">{roleWords(person.role)}</span>
        )}
        <button
          type="button"
          className="icon-button"
          aria-expanded={open}
          aria-label={`Devices of ${name}`}
          onClick={() => setOpen(!open)}
        >
          {open ? <ChevronDown aria-hidden="true" /> : <ChevronRight aria-hidden="true" />}
        </button>
      </div>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      {open && (
        <div className="member-more">
          <Devices
            person={person}
            onRemove={
              mayChange && person.devices.length > 1
                ? (d) => setRemoval({ device: d, unseen: undefined })
                : undefined
            }
          />
          {!person.me && person.code !== '' && <Verify person={person} name={name} changed={props.changed} />}
          {mayChange && (
            <button
              type="button"
              className="button button-danger"
              onClick={() => setRemoval({ unseen: undefined })}
            >
              <UserMinus aria-hidden="true" /> Remove {name}
            </button>
          )}
        </div>
      )}
      {removal !== undefined && (
        <div className="confirm" role="alertdialog" aria-label={`Remove ${name}?`}>
          <p>
            {removal.unseen ?? removeWords(removal.device === undefined ? name : deviceName(removal.device))}
          </p>
          <div className="confirm-foot">
            <button type="button" className="button" onClick={() => setRemoval(undefined)}>
              Cancel
            </button>
            <button
              type="button"
              className="button button-danger"
              disabled={busy}
              onClick={() => remove(removal.unseen !== undefined)}
            >
              {removal.unseen === undefined ? 'Remove' : 'Remove and set those edits aside'}
            </button>
          </div>
        </div>
      )}
    </li>
  )
}

function summary(person: Person): string {
  const now = Date.now()
  const devices = person.devices.filter((d) => d.kind !== 'paper')
  if (devices.length === 1) return seenWords(devices[0]!, now)
  const online = devices.filter((d) => d.online || d.me).length
  return `${plural(devices.length, 'device')}, ${online} connected`
}

function Devices(props: { person: Person; onRemove: ((d: MemberDevice) => void) | undefined }) {
  const now = Date.now()
  return (
    <ul className="devices">
      {props.person.devices.map((d) => (
        <li key={d.device} className="device">
          <span>
            <b>{deviceName(d)}</b>
            <small>{seenWords(d, now)}</small>
          </span>
          {props.onRemove !== undefined && (
            <button type="button" className="button button-small" onClick={() => props.onRemove!(d)}>
              Remove
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}

function Verify(props: { person: Person; name: string; changed: () => void }) {
  const { busy, run } = useAction()
  const { verified, code, user } = props.person
  return (
    <div className="verify">
      <p className="help">
        {verified
          ? `You compared this code with ${props.name}.`
          : `To be sure that this is ${props.name}, compare this code in person or on the phone. It is the same on both sides.`}
      </p>
      <p className="verify-code">{code}</p>
      <button
        type="button"
        className="button button-small"
        disabled={busy}
        onClick={() =>
          run(async () => {
            await call('people.verify', { user, verified: !verified })
            props.changed()
          })
        }
      >
        {verified ? 'Take that back' : 'I compared it'}
      </button>
    </div>
  )
}
