import { useId, useState, type ReactNode } from 'react'
import { call, messageOf } from '../api/rpc'
import type { DocumentInfo } from '../api/types'
import { join } from '../app/App'
import { normaliseLink } from '../app/invitation'
import { store, useApp } from '../app/store'
import { Dialog } from '../ui/Dialog'

const NAME_CHARACTERS = 40
const TITLE_CHARACTERS = 200

/** A dialog with one line to fill in. `send` resolves to what went wrong, if anything did. */
function LineDialog(props: {
  title: string
  label: string
  help: ReactNode
  value: string
  placeholder?: string
  most?: number
  action: string
  send: (value: string) => Promise<string | undefined>
  onClose: () => void
}) {
  const [value, setValue] = useState(props.value)
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const field = useId()
  const help = useId()
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          setBusy(true)
          setProblem(undefined)
          void props.send(value).then((wrong) => {
            setBusy(false)
            if (wrong === undefined) props.onClose()
            else setProblem(wrong)
          })
        }}
      >
        <label htmlFor={field}>{props.label}</label>
        <input
          id={field}
          className="field"
          value={value}
          placeholder={props.placeholder}
          maxLength={props.most}
          data-first
          autoComplete="off"
          spellCheck={false}
          aria-describedby={help}
          aria-invalid={problem !== undefined}
          onChange={(event) => setValue(event.target.value)}
        />
        <p id={help} className={problem === undefined ? 'help' : 'help help-problem'} role="status">
          {problem ?? props.help}
        </p>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={busy}>
            {props.action}
          </button>
        </footer>
      </form>
    </Dialog>
  )
}

export function JoinDialog({ onClose }: { onClose: () => void }) {
  return (
    <LineDialog
      title="Join a document"
      label="Link"
      help="Paste the link that someone gave you. The document is then kept on this device, too."
      value=""
      placeholder="sheaf://join#v1.…"
      action="Join"
      send={async (value) => {
        const link = normaliseLink(value)
        if (link === undefined)
          return 'This is not a link to a document. Copy the whole link and paste it again.'
        return join(link)
      }}
      onClose={onClose}
    />
  )
}

export function RenameDialog({ document: d, onClose }: { document: DocumentInfo; onClose: () => void }) {
  return (
    <LineDialog
      title="Rename"
      label="Title"
      help="Everyone in the document sees the new title."
      value={d.title}
      most={TITLE_CHARACTERS}
      action="Rename"
      send={(title) =>
        attempt(async () => store.put(await call('documents.rename', { id: d.id, title: title.trim() })))
      }
      onClose={onClose}
    />
  )
}

export function ProfileDialog({ onClose }: { onClose: () => void }) {
  const name = useApp((s) => s.status?.name ?? '')
  return (
    <LineDialog
      title="Your name"
      label="Name"
      help="Shown beside your caret to the people you write with, and to nobody else."
      value={name}
      most={NAME_CHARACTERS}
      action="Save"
      send={(value) =>
        attempt(async () => store.putStatus(await call('profile.set', { name: value.trim() })))
      }
      onClose={onClose}
    />
  )
}

async function attempt(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
