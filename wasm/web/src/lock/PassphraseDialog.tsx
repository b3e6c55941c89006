import { useId, useState } from 'react'
import { call } from '../api/rpc'
import { Dialog } from '../ui/Dialog'
import { toast } from '../ui/toast'
import { useAction, useCall } from '../ui/useCall'

/** Sets, changes or takes off the passphrase of this device's key. */
export default function PassphraseDialog({ onClose }: { onClose: () => void }) {
  const { answer } = useCall('lock.status', {})
  const [old, setOld] = useState('')
  const [fresh, setFresh] = useState('')
  const [again, setAgain] = useState('')
  const { busy, problem, run } = useAction()
  const fields = { old: useId(), fresh: useId(), again: useId() }
  const has = answer?.passphrase === true
  const set = (value: string, done: string) =>
    run(async () => {
      await call('lock.set', { old, new: value })
      toast(done)
      onClose()
    })
  return (
    <Dialog title="Passphrase" size="small" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (fresh === again) set(fresh, 'The passphrase is set. It is asked for when Sheaf starts.')
        }}
      >
        <p className="help">
          It protects the key of this device on its disk. If you forget it, only your recovery words or
          another device of yours bring your documents back.
        </p>
        {has && (
          <>
            <label htmlFor={fields.old}>Passphrase now</label>
            <input
              id={fields.old}
              className="field"
              type="password"
              autoComplete="current-password"
              value={old}
              onChange={(event) => setOld(event.target.value)}
            />
          </>
        )}
        <label htmlFor={fields.fresh}>New passphrase</label>
        <input
          id={fields.fresh}
          className="field"
          type="password"
          autoComplete="new-password"
          value={fresh}
          onChange={(event) => setFresh(event.target.value)}
        />
        <label htmlFor={fields.again}>Once more</label>
        <input
          id={fields.again}
          className="field"
          type="password"
          autoComplete="new-password"
          value={again}
          aria-invalid={again !== '' && again !== fresh}
          onChange={(event) => setAgain(event.target.value)}
        />
        <p className={problem === undefined ? 'help' : 'help help-problem'} role="status">
          {problem ?? (again !== '' && again !== fresh ? 'The two are not the same.' : '')}
        </p>
        <footer className="dialog-foot">
          {has && (
            <button
              type="button"
              className="button button-danger"
              disabled={busy || old === ''}
              onClick={() => set('', 'The passphrase is taken off.')}
            >
              Take it off
            </button>
          )}
          <button
            type="submit"
            className="button button-primary"
            disabled={busy || fresh === '' || fresh !== again || (has && old === '')}
          >
            Set
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
