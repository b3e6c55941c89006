import { Plus, QrCode } from 'lucide-react'
import { useId, useState } from 'react'
import { call } from '../api/rpc'
import type { LinkInfo, MemberRole } from '../api/types'
import { CopyField } from '../ui/CopyField'
import { useAction, useCall } from '../ui/useCall'
import { LINK_ROLES, linkRoleWords, linkWords, plural, roleWords } from './words'
import { lazily } from '../ui/lazily'

const Qr = lazily(() => import('../ui/Qr').then((m) => m.Qr))

const DAY = 86_400_000

/** How long a new link may be open. */
const TERMS = [
  { label: 'No end', ms: 0 },
  { label: '1 hour', ms: 3_600_000 },
  { label: '1 day', ms: DAY },
  { label: '7 days', ms: 7 * DAY },
  { label: '30 days', ms: 30 * DAY },
] as const

/** The document's links, with a way to make and to take back one, and who waits. */
export function Links({ id, owner }: { id: string; owner: boolean }) {
  const { answer, problem, again } = useCall('links.list', { id }, 5_000)
  const open = (answer?.links ?? []).filter((l) => l.state === 'open')
  const over = (answer?.links ?? []).filter((l) => l.state !== 'open')
  return (
    <>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      {owner ? (
        <NewLink id={id} made={again} />
      ) : (
        <p className="help">Only owners make links. Ask one to make one, or to let someone in.</p>
      )}
      <Waiting id={id} />
      <ul className="links" aria-label="Links" aria-busy={answer === undefined}>
        {open.map((l) => (
          <LinkRow key={l.id} id={id} link={l} owner={owner} changed={again} />
        ))}
      </ul>
      {answer !== undefined && open.length === 0 && <p className="help">No link is open.</p>}
      {over.length > 0 && (
        <details className="links-over">
          <summary>{plural(over.length, 'link')} that let nobody in any more</summary>
          <ul className="links">
            {over.map((l) => (
              <LinkRow key={l.id} id={id} link={l} owner={false} changed={again} />
            ))}
          </ul>
        </details>
      )}
      <p className="help">
        When a link ends, and how often it may be used, is kept by the devices that let people in. Whoever has
        read the document by it has it.
      </p>
    </>
  )
}

function LinkRow(props: { id: string; link: LinkInfo; owner: boolean; changed: () => void }) {
  const { link } = props
  const [qr, setQr] = useState(false)
  const [asking, setAsking] = useState(false)
  const { busy, problem, run } = useAction()
  const revoke = (remove: boolean) =>
    run(async () => {
      await call('links.revoke', { id: props.id, link: link.id, remove })
      setAsking(false)
      props.changed()
    })
  return (
    <li className="link-item">
      <div className="link-head">
        <span>
          <b>{link.label || `Link to ${linkRoleWords(link.role)}`}</b>
          <small>
            {roleWords(link.role)}. {linkWords(link, Date.now())}.
          </small>
        </span>
        {link.link !== '' && link.state === 'open' && (
          <button
            type="button"
            className="icon-button"
            aria-expanded={qr}
            aria-label="Show as QR code"
            onClick={() => setQr(!qr)}
          >
            <QrCode aria-hidden="true" />
          </button>
        )}
        {props.owner && link.state === 'open' && (
          <button type="button" className="button button-small" onClick={() => setAsking(true)}>
            Take back
          </button>
        )}
      </div>
      {link.link !== '' && link.state === 'open' && (
        <CopyField label={`Link to ${linkRoleWords(link.role)}`} value={link.link} />
      )}
      {link.link === '' && link.state === 'open' && (
        <p className="help">Someone else made this link; only their devices can show it.</p>
      )}
      {qr && <Qr text={link.link} label="The link as a QR code" />}
      {asking && (
        <div className="confirm" role="alertdialog" aria-label="Take the link back?">
          <p>
            Nobody gets in by this link any more.
            {link.uses > 0 && ` ${plural(link.uses, 'device')} came by it: should they stay?`}
          </p>
          <div className="confirm-foot">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              Cancel
            </button>
            {link.uses > 0 && (
              <button
                type="button"
                className="button button-danger"
                disabled={busy}
                onClick={() => revoke(true)}
              >
                Remove them too
              </button>
            )}
            <button
              type="button"
              className="button button-primary"
              disabled={busy}
              onClick={() => revoke(false)}
            >
              {link.uses > 0 ? 'Keep them' : 'Take back'}
            </button>
          </div>
        </div>
      )}
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  )
}

function NewLink({ id, made }: { id: string; made: () => void }) {
  const [role, setRole] = useState<MemberRole>('viewer')
  const [label, setLabel] = useState('')
  const [term, setTerm] = useState(0)
  const [uses, setUses] = useState('')
  const { busy, problem, run } = useAction()
  const names = { role: useId(), label: useId(), term: useId(), uses: useId() }
  return (
    <form
      className="new-link"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const ms = TERMS[term]!.ms
          await call('links.create', {
            id,
            role,
            label: label.trim(),
            expiresAt: ms === 0 ? 0 : Date.now() + ms,
            maxUses: Math.max(0, Math.floor(Number(uses) || 0)),
          })
          setLabel('')
          made()
        })
      }}
    >
      <label htmlFor={names.role}>Who has it can</label>
      <select
        id={names.role}
        className="field"
        value={role}
        onChange={(event) => setRole(event.target.value as MemberRole)}
      >
        {LINK_ROLES.map((r) => (
          <option key={r} value={r}>
            {linkRoleWords(r)}
          </option>
        ))}
      </select>
      <label htmlFor={names.term}>Open for</label>
      <select
        id={names.term}
        className="field"
        value={term}
        onChange={(event) => setTerm(Number(event.target.value))}
      >
        {TERMS.map((t, i) => (
          <option key={t.label} value={i}>
            {t.label}
          </option>
        ))}
      </select>
      <label htmlFor={names.uses}>Devices it lets in</label>
      <input
        id={names.uses}
        className="field"
        type="number"
        min="1"
        max="10000"
        placeholder="Any number"
        value={uses}
        onChange={(event) => setUses(event.target.value)}
      />
      <label htmlFor={names.label}>Name, for you</label>
      <input
        id={names.label}
        className="field"
        value={label}
        maxLength={60}
        placeholder="For the reading group"
        onChange={(event) => setLabel(event.target.value)}
      />
      <button type="submit" className="button button-primary" disabled={busy}>
        <Plus aria-hidden="true" /> Make a link
      </button>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}

/** Devices that came by a link and wait for a member who may let them in. */
function Waiting({ id }: { id: string }) {
  const { answer } = useCall('requests.list', { id }, 5_000)
  const requests = answer?.requests ?? []
  if (requests.length === 0) return null
  return (
    <p className="share-note" role="status">
      {plural(requests.length, 'device')} came by a link and {requests.length === 1 ? 'waits' : 'wait'} to be
      let in. That happens by itself as soon as a device of an owner or editor is connected.
    </p>
  )
}
