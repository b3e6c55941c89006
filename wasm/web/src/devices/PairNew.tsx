import { useEffect, useRef, useState } from 'react'
import { call } from '../api/rpc'
import { CopyField } from '../ui/CopyField'
import { useAction, useCall } from '../ui/useCall'
import { usePairing } from './usePairing'
import { lazily } from '../ui/lazily'

const Qr = lazily(() => import('../ui/Qr').then((m) => m.Qr))

/** Adds a device: shows a link that works once, then asks whether it is the right device. */
export function PairNew({ onDone }: { onDone: () => void }) {
  const { answer, problem, again } = useCall('devices.pair', {})
  const told = usePairing('old')
  const { busy, problem: wrong, run } = useAction()
  // Gone without an answer, the link made here is of no use any more; one made elsewhere stays.
  const number = useRef<number>(undefined)
  useEffect(() => void (number.current = answer?.number), [answer])
  useEffect(() => {
    return () => {
      if (number.current === undefined) return
      void call('devices.cancel', { number: number.current }).catch(() => undefined)
    }
  }, [])
  if (problem !== undefined) {
    return (
      <>
        <p className="help help-problem" role="alert">
          {wrong ?? problem}
        </p>
        <footer className="dialog-foot">
          <button
            type="button"
            className="button"
            disabled={busy}
            onClick={() => run(() => call('devices.cancel', {}).then(again))}
          >
            Cancel that and make a new link
          </button>
        </footer>
      </>
    )
  }
  if (answer !== undefined && told !== undefined && told.number > answer.number) {
    return (
      <>
        <p className="help help-problem" role="alert">
          A newer link was made elsewhere and took the place of this one.
        </p>
        <footer className="dialog-foot">
          <button type="button" className="button button-primary" onClick={again}>
            Make a new link
          </button>
        </footer>
      </>
    )
  }
  // How an earlier one ended says nothing of this one.
  const pairing = told?.number === answer?.number ? told : undefined
  switch (pairing?.state) {
    case 'confirm':
      return (
        <>
          <p>
            <b>{pairing.name || 'A device'}</b> asks to become a device of yours. It will read and write
            everything that you can.
          </p>
          {pairing.code !== '' && (
            <>
              <p className="help">It must show the same code:</p>
              <p className="verify-code">{pairing.code}</p>
            </>
          )}
          <footer className="dialog-foot">
            <button
              type="button"
              className="button"
              disabled={busy}
              onClick={() => run(() => call('devices.confirm', { accept: false }).then(() => undefined))}
            >
              It is not mine
            </button>
            <button
              type="button"
              className="button button-primary"
              data-first
              disabled={busy}
              onClick={() => run(() => call('devices.confirm', { accept: true }).then(() => undefined))}
            >
              Add it
            </button>
          </footer>
          {wrong !== undefined && (
            <p className="help help-problem" role="alert">
              {wrong}
            </p>
          )}
        </>
      )
    case 'working':
      return <p role="status">Handing over your documents…</p>
    case 'done':
      return (
        <>
          <p role="status">{pairing.name || 'The device'} is yours now and has all your documents.</p>
          <footer className="dialog-foot">
            <button type="button" className="button button-primary" data-first onClick={onDone}>
              Done
            </button>
          </footer>
        </>
      )
    case 'failed':
      return (
        <>
          <p className="help help-problem" role="alert">
            {pairing.message || 'The device was not added. Nothing was changed.'}
          </p>
          <footer className="dialog-foot">
            <button type="button" className="button button-primary" onClick={again}>
              Make a new link
            </button>
          </footer>
        </>
      )
    default:
      return (
        <>
          <ol className="steps">
            <li>Start Sheaf on the new device.</li>
            <li>Choose “This is another device of mine” there, and paste this link, or scan it.</li>
          </ol>
          <CopyField
            label="Link for the new device"
            value={answer?.link}
            waiting="Making the link…"
            primary
          />
          {answer !== undefined && <Qr text={answer.link} label="The link as a QR code" />}
          {answer !== undefined && <Countdown until={answer.expiresAt} again={again} />}
        </>
      )
  }
}

function Countdown({ until, again }: { until: number; again: () => void }) {
  const [left, setLeft] = useState(() => until - Date.now())
  useEffect(() => {
    const timer = window.setInterval(() => setLeft(until - Date.now()), 1_000)
    return () => window.clearInterval(timer)
  }, [until])
  if (left > 0) {
    return (
      <p className="help">
        It works once, within the next {Math.ceil(left / 1_000)} seconds. Show it to nobody else.
      </p>
    )
  }
  return (
    <p className="help">
      The link has expired.{' '}
      <button type="button" className="button button-small" onClick={again}>
        Make a new one
      </button>
    </p>
  )
}
