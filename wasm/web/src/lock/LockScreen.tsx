import { Lock } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { call } from '../api/rpc'
import { store } from '../app/store'
import { useAction } from '../ui/useCall'

/** What there is to see while the node's key is locked by its passphrase. */
export default function LockScreen() {
  const [passphrase, setPassphrase] = useState('')
  const { busy, problem, run } = useAction()
  const field = useId()
  const screen = useRef<HTMLDialogElement>(null)
  const title = useId()
  useEffect(() => {
    const dialog = screen.current!
    if (!dialog.open) dialog.showModal()
    return () => dialog.close()
  }, [])
  return (
    // Modal, so that it lies over every dialog that was open.
    <dialog
      ref={screen}
      className="lock-screen"
      aria-labelledby={title}
      onCancel={(event) => event.preventDefault()}
    >
      <main className="lonely">
        <h1 id={title}>
          <Lock aria-hidden="true" /> Sheaf is locked
        </h1>
        <p>
          The key of this device is protected by a passphrase. Your documents are kept here and cannot be read
          without it.
        </p>
        <form
          className="form lock-form"
          onSubmit={(event) => {
            event.preventDefault()
            run(async () => {
              await call('lock.unlock', { passphrase })
              store.unlocked()
            })
          }}
        >
          <label htmlFor={field}>Passphrase</label>
          <input
            id={field}
            className="field"
            type="password"
            autoFocus
            autoComplete="current-password"
            value={passphrase}
            aria-invalid={problem !== undefined}
            onChange={(event) => setPassphrase(event.target.value)}
          />
          {problem !== undefined && (
            <p className="help help-problem" role="alert">
              {problem}
            </p>
          )}
          <button type="submit" className="button button-primary" disabled={busy || passphrase === ''}>
            Unlock
          </button>
        </form>
      </main>
    </dialog>
  )
}
