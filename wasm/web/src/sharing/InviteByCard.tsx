import { useId, useState } from 'react'
import { call } from '../api/rpc'
import type { MemberRole } from '../api/types'
import { CopyField } from '../ui/CopyField'
import { useAction } from '../ui/useCall'
import { MEMBER_ROLES, roleWords } from './words'

/** Lets someone in by the card they sent: no link that others could use. */
export function InviteByCard({ id }: { id: string }) {
  const [card, setCard] = useState('')
  const [role, setRole] = useState<MemberRole>('editor')
  /** The answer to the last one added: the link where they open the document. */
  const [added, setAdded] = useState<{ link: string }>()
  const { busy, problem, run } = useAction()
  const field = useId()
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const { link } = await call('people.invite', { id, card: card.trim(), role })
          setCard('')
          setAdded({ link: link ?? '' })
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
            setAdded(undefined)
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
          (added === undefined
            ? 'They find their card under Settings, Your devices.'
            : added.link === ''
              ? 'Added. The document appears on their devices as soon as they are connected to one of yours.'
              : 'Added. Send them this link to open the document by: it lets in nobody else.')}
      </p>
      {added !== undefined && added.link !== '' && (
        <CopyField label="Link for the person you added" value={added.link} />
      )}
    </form>
  )
}
