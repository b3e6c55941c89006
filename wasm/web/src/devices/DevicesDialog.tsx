import { KeyRound, MonitorSmartphone, QrCode } from 'lucide-react'
import { useState } from 'react'
import { call } from '../api/rpc'
import type { OwnDevice } from '../api/types'
import { deviceName, removedWords, seenWords } from '../sharing/words'
import { CopyField } from '../ui/CopyField'
import { Dialog } from '../ui/Dialog'
import { toast } from '../ui/toast'
import { useAction, useCall } from '../ui/useCall'
import { PairNew } from './PairNew'
import { RecoveryWords } from './RecoveryWords'
import { lazily } from '../ui/lazily'
import '../styles/sharing.css'

const Qr = lazily(() => import('../ui/Qr').then((m) => m.Qr))

/** The reader's own devices, contact card and recovery words. */
export default function DevicesDialog({ onClose }: { onClose: () => void }) {
  const { answer, problem, again } = useCall('devices.list', {}, 5_000)
  const [part, setPart] = useState<'list' | 'pair' | 'words'>('list')
  /** Words are on the screen that exist nowhere else. */
  const [unwritten, setUnwritten] = useState(false)
  const [note, setNote] = useState<string>()
  if (part === 'pair') {
    return (
      <Dialog title="Add a device" size="medium" onClose={onClose}>
        <PairNew
          onDone={() => {
            again()
            setPart('list')
          }}
        />
      </Dialog>
    )
  }
  if (part === 'words') {
    return (
      <Dialog
        title="Recovery words"
        size="medium"
        onClose={unwritten ? () => toast('Write the words down first. They cannot be shown again.') : onClose}
      >
        <RecoveryWords
          onUnwritten={setUnwritten}
          onDone={() => {
            again()
            setPart('list')
          }}
        />
      </Dialog>
    )
  }
  return (
    <Dialog title="Your devices" size="medium" onClose={onClose}>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      <ul className="devices" aria-label="Your devices" aria-busy={answer === undefined}>
        {(answer?.devices ?? []).map((d) => (
          <OwnDeviceRow key={d.device} device={d} changed={again} onNote={setNote} />
        ))}
      </ul>
      <p className={note === undefined ? 'visually-hidden' : 'share-note'} role="status">
        {note}
      </p>
      <div className="home-actions">
        <button type="button" className="button button-primary" onClick={() => setPart('pair')}>
          <MonitorSmartphone aria-hidden="true" /> Add a device
        </button>
        {answer?.recovery.exists === false && (
          <button type="button" className="button" onClick={() => setPart('words')}>
            <KeyRound aria-hidden="true" /> Recovery words
          </button>
        )}
      </div>
      <p className="help">
        {answer?.recovery.exists === true
          ? 'You have recovery words. With them you get everything back even if you lose every device.'
          : 'Without recovery words, whoever loses every device has lost the documents that nobody else has.'}
      </p>
      <Card />
    </Dialog>
  )
}

function OwnDeviceRow(props: { device: OwnDevice; changed: () => void; onNote: (note: string) => void }) {
  const { device } = props
  const [asking, setAsking] = useState(false)
  const { busy, problem, run } = useAction()
  const name = deviceName(device)
  return (
    <li className="member-item">
      <div className="device">
        <span>
          <b>{name}</b>
          <small>{seenWords(device, Date.now())}</small>
        </span>
        {!device.me && (
          <button type="button" className="button button-small" onClick={() => setAsking(true)}>
            Lost it
          </button>
        )}
      </div>
      {asking && (
        <div className="confirm" role="alertdialog" aria-label={`Remove ${name} everywhere?`}>
          <p>
            {name} is removed from every document, with any device it added, and the keys are changed. It
            keeps what it has already received. What was written on it and never reached another device is set
            aside, not lost.
          </p>
          <div className="confirm-foot">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              Cancel
            </button>
            <button
              type="button"
              className="button button-danger"
              disabled={busy}
              onClick={() =>
                run(async () => {
                  const { documents, kept } = await call('devices.revoke', { device: device.device })
                  setAsking(false)
                  props.onNote(removedWords(name, documents, kept))
                  props.changed()
                })
              }
            >
              Remove everywhere
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

/** The reader's contact card: what others need to let exactly them in. */
function Card() {
  const { answer } = useCall('contacts.card', {})
  const [qr, setQr] = useState(false)
  return (
    <>
      <CopyField label="Your contact card" value={answer?.card} waiting="Making the card…" />
      <p className="help">
        Give this to someone who wants to add you to a document. It is no secret: it says which devices are
        yours.
      </p>
      {answer !== undefined && answer.card.length < 2_900 && (
        <button type="button" className="button button-small" aria-expanded={qr} onClick={() => setQr(!qr)}>
          <QrCode aria-hidden="true" /> {qr ? 'Hide the code' : 'Show as QR code'}
        </button>
      )}
      {qr && answer !== undefined && <Qr text={answer.card} label="Your contact card as a QR code" />}
    </>
  )
}
