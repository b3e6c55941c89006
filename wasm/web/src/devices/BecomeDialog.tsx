import { useId, useState } from 'react'
import { call } from '../api/rpc'
import type { OwnDevice } from '../api/types'
import { useApp } from '../app/store'
import { Dialog } from '../ui/Dialog'
import { deviceName, plural } from '../sharing/words'
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
  const [hint, setHint] = useState('')
  const [found, setFound] = useState<OwnDevice[]>()
  const [restored, setRestored] = useState<{ missing: number; lost: number; revoked: number }>()
  const { busy, problem, run } = useAction()
  const fields = { words: useId(), hint: useId() }
  const hints = hint.trim() === '' ? [] : [hint.trim()]
  const restore = async (lost: string[]) => {
    const { missing, revoked } = await call('recovery.restore', { words: words.trim(), revoke: lost, hints })
    setWords('')
    setRestored({ missing, lost: lost.length, revoked })
  }
  const help =
    problem ??
    (busy
      ? 'Looking for devices that hold your documents. This may take three minutes.'
      : 'A device that holds your documents, yours or another member’s, has to be reachable.')
  if (restored !== undefined) return <Done {...restored} onClose={onClose} />
  if (found !== undefined) {
    return (
      <Lost
        devices={found}
        busy={busy}
        problem={problem}
        onRestore={(lost) => run(() => restore(lost))}
        onClose={onClose}
      />
    )
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        run(async () => {
          const { devices } = await call('recovery.devices', { words: words.trim(), hints })
          if (devices.length > 0) setFound(devices)
          else await restore([])
        })
      }}
    >
      <label htmlFor={fields.words}>Your 24 words</label>
      <textarea
        id={fields.words}
        className="field words-field"
        data-first
        value={words}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => setWords(event.target.value)}
      />
      <label htmlFor={fields.hint}>Where to look, if no device of yours is near by</label>
      <input
        id={fields.hint}
        className="field"
        value={hint}
        placeholder="A link to one of your documents, or an address"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setHint(event.target.value)}
      />
      <p className={problem === undefined ? 'help' : 'help help-problem'} role="status">
        {help}
      </p>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={busy || words.trim() === ''}>
          Continue
        </button>
      </footer>
    </form>
  )
}

/** Asks which devices are lost: only now, as the words, can all of them be removed. */
function Lost(props: {
  devices: OwnDevice[]
  busy: boolean
  problem: string | undefined
  onRestore: (lost: string[]) => void
  onClose: () => void
}) {
  const [lost, setLost] = useState<string[]>([])
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        props.onRestore(lost)
      }}
    >
      <fieldset className="lost-devices">
        <legend>Which of these devices are lost?</legend>
        {props.devices.map((d, i) => (
          <label className="switch-row" key={d.device}>
            <span>
              <b>{deviceName(d)}</b>
              <small>{d.online ? 'Connected now' : 'Not connected'}</small>
            </span>
            <input
              type="checkbox"
              data-first={i === 0 || undefined}
              checked={lost.includes(d.device)}
              onChange={(event) =>
                setLost(
                  event.target.checked ? [...lost, d.device] : lost.filter((other) => other !== d.device),
                )
              }
            />
          </label>
        ))}
      </fieldset>
      <p className={props.problem === undefined ? 'help' : 'help help-problem'} role="status">
        {props.problem ??
          (props.busy
            ? 'Bringing your documents here. This may take three minutes.'
            : 'They are removed from your documents and the keys are changed. Leave the others as they are. In documents that are older than the words, a device that was there before them stays.')}
      </p>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className={lost.length > 0 ? 'button button-danger' : 'button button-primary'}
          disabled={props.busy}
        >
          {lost.length > 0 ? `Restore without ${plural(lost.length, 'device')}` : 'None is lost, restore'}
        </button>
      </footer>
    </form>
  )
}

function Done(props: { missing?: number; lost?: number; revoked?: number; onClose: () => void }) {
  const { missing = 0, lost = 0, revoked = 0, onClose } = props
  return (
    <>
      <p role="status">
        This is your device now. Your documents appear in the list as they arrive.
        {missing > 0 &&
          ` ${plural(missing, 'document')} could not be reached yet: they follow when a device that has them is connected.`}
        {lost > 0 && ` ${plural(lost, 'lost device')} removed from ${plural(revoked, 'document')}.`}
      </p>
      <footer className="dialog-foot">
        <button type="button" className="button button-primary" data-first onClick={onClose}>
          Show my documents
        </button>
      </footer>
    </>
  )
}
