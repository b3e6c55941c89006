import { useId, useState } from 'react'
import { call } from '../api/rpc'
import type { MemberRole } from '../api/types'
import { useAction } from '../ui/useCall'
import { MEMBER_ROLES, roleWords } from './words'

/** Lets someone in by the card they sent: no link that others could use. */
export function InviteByCard({ id }: { id: string }) {
  const [card, setCard] = useState('')
  const [role, setRole] = useState<MemberRole>('editor')
  const [done, setDone] = useState(false)
  const { busy, problem, run } = useAction()
  const field = useId()
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          await call('people.invite', { id, card: card.trim(), role })
          setCard('')
          setDone(true)
        })
      }}
    >
      <label htmlFor={field}>Add someone by their contact card</label>
      <div className="copy-row">
        <input
          id={field}
          className="field"
          value={card}
          placeholder="sheaf://card#v1…"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setCard(event.target.value)
            setDone(false)
          }}
        />
        <select
          className="field member-role"
          aria-label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value as MemberRole)}
        >
          {MEMBER_ROLES.map((r) => (
            <option key={r} value={r}>
              {roleWords(r)}
            </option>
          ))}
        </select>
        <button type="submit" className="button" disabled={busy || card.trim() === ''}>
          Add
        </button>
      </div>
      <p className={problem === undefined ? 'help' : 'help help-problem'} role="status">
        {problem ??
          (done
            ? 'Added. The document appears on their devices as soon as they are connected to one of yours.'
            : 'They find their card under Settings, Your devices.')}
      </p>
    </form>
  )
}
