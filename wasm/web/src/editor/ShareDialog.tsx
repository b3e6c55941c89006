import { Check, Copy } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import { call, messageOf } from '../api/rpc'
import type { ShareLink } from '../api/types'
import { colourOf, initials, NAMELESS } from '../app/people'
import { useApp } from '../app/store'
import { Dialog } from '../ui/Dialog'

/** The link to a document, what it gives, and who has the document. */
export function ShareDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const [link, setLink] = useState<ShareLink>()
  const [problem, setProblem] = useState<string>()
  const info = useApp((s) => s.documents?.find((d) => d.id === id))
  const status = useApp((s) => s.status)
  useEffect(() => {
    let gone = false
    call('documents.share', { id }).then(
      (answer) => !gone && setLink(answer),
      (error: unknown) => !gone && setProblem(messageOf(error)),
    )
    return () => {
      gone = true
    }
  }, [id])
  return (
    <Dialog title="Share" size="medium" onClose={onClose}>
      {problem !== undefined ? (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      ) : (
        <>
          <p className="share-note">
            Everyone who has this link can <b>read and edit</b> the document, for good. Give it only to people
            you trust, by a channel you trust.
          </p>
          <CopyField label="Link" value={link?.link} primary />
          <CopyField label="For a browser on a device that runs Sheaf" value={link?.web} />
        </>
      )}
      <h3>Who has it</h3>
      <ul className="members">
        <Member
          name={status?.name || 'You'}
          note={status?.offline === true ? 'This device, working offline' : 'This device'}
          device={status?.device ?? 'self'}
        />
        {(info?.others ?? []).map((o) => (
          <Member
            key={o.device}
            name={o.name || NAMELESS}
            note={o.complete ? 'Has everything' : 'Does not have everything yet'}
            device={o.device}
          />
        ))}
      </ul>
      <p className="help">{connectedWords(info?.peers ?? 0, status?.offline ?? false)}</p>
    </Dialog>
  )
}

function connectedWords(peers: number, offline: boolean): string {
  if (offline) return 'You work offline: edits are exchanged when you return.'
  if (peers === 0)
    return 'Nobody else is connected now. Whoever joins needs this device, or another that has the document, to be running.'
  return peers === 1 ? '1 other device is connected now.' : `${peers} other devices are connected now.`
}

function CopyField(props: { label: string; value: string | undefined; primary?: boolean }) {
  const [copied, setCopied] = useState(false)
  const field = useId()
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2_000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <div className="copy">
      <label htmlFor={field}>{props.label}</label>
      <div className="copy-row">
        <input
          id={field}
          className="field"
          readOnly
          value={props.value ?? 'Making the link…'}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          data-first={props.primary || undefined}
          className={props.primary === true ? 'button button-primary' : 'button'}
          disabled={props.value === undefined}
          onClick={() => void copy(field, props.value!).then(setCopied)}
        >
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
          <span className="visually-hidden"> {props.label}</span>
        </button>
      </div>
    </div>
  )
}

/** Copies; where the clipboard is forbidden, selects the text for the reader to copy. */
async function copy(field: string, value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value)
    return true
  } catch {
    const input = document.getElementById(field) as HTMLInputElement | null
    input?.focus()
    input?.select()
    return false
  }
}

function Member(props: { name: string; note: string; device: string }) {
  return (
    <li className="member">
      <span
        className="avatar"
        aria-hidden="true"
        data-initials={initials(props.name)}
        ref={(element) => element?.style.setProperty('--person', colourOf(props.device))}
      />
      <span>
        <b>{props.name}</b>
        <small>{props.note}</small>
      </span>
    </li>
  )
}
