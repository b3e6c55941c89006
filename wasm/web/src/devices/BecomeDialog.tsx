import { useId, useState } from 'react'
import { call } from '../api/rpc'
import { useApp } from '../app/store'
import { Dialog } from '../ui/Dialog'
import { useAction } from '../ui/useCall'
import { usePairing } from './usePairing'
import '../styles/sharing.css'

/** Makes this one a further device of someone: by another device's link, or by the recovery words. */
export default function BecomeDialog(props: { link?: string; onClose: () => void }) {
  const [way, setWay] = useState<'link' | 'words'>('link')
  return (
    <Dialog title="This is another device of mine" size="medium" onClose={props.onClose}>
      <div className="parts" role="group" aria-label="How">
        <button type="button" className="part" aria-pressed={way === 'link'} onClick={() => setWay('link')}>
          From another device
        </button>
        <button type="button" className="part" aria-pressed={way === 'words'} onClick={() => setWay('words')}>
          With recovery words
        </button>
      </div>
      {way === 'link' ? (
        <ByLink link={props.link ?? ''} onClose={props.onClose} />
      ) : (
        <ByWords onClose={props.onClose} />
      )}
    </Dialog>
  )
}

function ByLink(props: { link: string; onClose: () => void }) {
  const known = useApp((s) => s.status?.name ?? '')
  const [link, setLink] = useState(props.link)
  const [name, setName] = useState(known)
  const pairing = usePairing('new')
  const { busy, problem, run } = useAction()
  const fields = { link: useId(), name: useId() }
  if (pairing?.state === 'done') return <Done onClose={props.onClose} />
  const waiting = pairing?.state === 'waiting' || pairing?.state === 'confirm' || pairing?.state === 'working'
  const wrong = problem ?? (pairing?.state === 'failed' ? pairing.message : undefined)
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        run(() => call('devices.join', { link: link.trim(), name: name.trim() }).then(() => undefined))
      }}
    >
      <p className="help">
        On a device that you already use: Settings, Your devices, Add a device. It shows a link; paste it
        here.
      </p>
      <label htmlFor={fields.link}>Link of the other device</label>
      <input
        id={fields.link}
        className="field"
        data-first
        value={link}
        placeholder="sheaf://pair#v1…"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setLink(event.target.value)}
      />
      <label htmlFor={fields.name}>What to call this device</label>
      <input
        id={fields.name}
        className="field"
        value={name}
        maxLength={40}
        placeholder="Laptop"
        onChange={(event) => setName(event.target.value)}
      />
      <p className={wrong === undefined ? 'help' : 'help help-problem'} role="status">
        {wrong ?? (waiting ? 'Now confirm on the other device.' : '')}
      </p>
      {waiting && pairing.code !== '' && <p className="verify-code">{pairing.code}</p>}
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className="button button-primary"
          disabled={busy || waiting || link.trim() === ''}
        >
          Connect
        </button>
      </footer>
    </form>
  )
}

function ByWords({ onClose }: { onClose: () => void }) {
  const [words, setWords] = useState('')
  const [documents, setDocuments] = useState<number>()
  const { busy, problem, run } = useAction()
  const field = useId()
  if (documents !== undefined) return <Done onClose={onClose} />
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const answer = await call('recovery.restore', { words: words.trim(), revoke: [] })
          setWords('')
          setDocuments(answer.documents)
        })
      }}
    >
      <label htmlFor={field}>Your 24 words</label>
      <textarea
        id={field}
        className="field words-field"
        data-first
        value={words}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => setWords(event.target.value)}
      />
      <p className={problem === undefined ? 'help' : 'help help-problem'} role="status">
        {problem ??
          (busy
            ? 'Looking for a device that holds your documents…'
            : 'A device that holds your documents, yours or another member’s, has to be reachable.')}
      </p>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={busy || words.trim() === ''}>
          Bring everything back
        </button>
      </footer>
    </form>
  )
}

function Done({ onClose }: { onClose: () => void }) {
  return (
    <>
      <p role="status">This is your device now. Your documents appear in the list as they arrive.</p>
      <footer className="dialog-foot">
        <button type="button" className="button button-primary" data-first onClick={onClose}>
          Show my documents
        </button>
      </footer>
    </>
  )
}
