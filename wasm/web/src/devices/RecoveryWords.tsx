import { useState } from 'react'
import { call } from '../api/rpc'
import { useAction } from '../ui/useCall'

/** Makes the 24 words and shows them once. */
export function RecoveryWords(props: { onUnwritten: (unwritten: boolean) => void; onDone: () => void }) {
  const { onUnwritten, onDone } = props
  const [words, setWords] = useState<string[]>()
  const [written, setWritten] = useState(false)
  const { busy, problem, run } = useAction()
  if (words === undefined) {
    return (
      <>
        <p>
          24 words on a sheet of paper bring everything back if you lose all your devices, and can remove a
          device that was stolen. Whoever has the words can do everything you can.
        </p>
        <p>
          Make them on the first day. In documents that are older than the words they bring everything back,
          but cannot remove a device that was there before them. They cannot be replaced: if somebody has seen
          them, copy your documents into new ones that you make without them, on a device that starts afresh.
        </p>
        {problem !== undefined && (
          <p className="help help-problem" role="alert">
            {problem}
          </p>
        )}
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onDone}>
            Not now
          </button>
          <button
            type="button"
            className="button button-primary"
            data-first
            disabled={busy}
            onClick={() =>
              run(async () => {
                setWords((await call('recovery.create', {})).words.trim().split(/\s+/))
                onUnwritten(true)
              })
            }
          >
            Show the words
          </button>
        </footer>
      </>
    )
  }
  return (
    <>
      <p>Write these words down, in this order. They are not shown again and are kept nowhere.</p>
      <ol className="words" aria-label="Recovery words">
        {words.map((word, i) => (
          <li key={i}>{word}</li>
        ))}
      </ol>
      <label className="switch-row">
        <span>
          <b>I have written them down</b>
          <small>On paper, kept where only you find it.</small>
        </span>
        <input
          type="checkbox"
          className="switch-input"
          role="switch"
          checked={written}
          onChange={(event) => {
            setWritten(event.target.checked)
            onUnwritten(!event.target.checked)
          }}
        />
      </label>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={() => window.print()}>
          Print
        </button>
        <button type="button" className="button button-primary" disabled={!written} onClick={onDone}>
          Done
        </button>
      </footer>
    </>
  )
}
