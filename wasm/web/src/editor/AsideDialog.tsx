import type { AsideGroup } from '../api/types'
import { call } from '../api/rpc'
import { NAMELESS } from '../app/people'
import { whenWords } from '../app/when'
import { plural } from '../sharing/words'
import { CopyField } from '../ui/CopyField'
import { Dialog } from '../ui/Dialog'
import { useAction, useCall } from '../ui/useCall'
import '../styles/sharing.css'

/** Edits that are kept and do not count, with what can be done about them. */
export default function AsideDialog(props: {
  id: string
  onInsert: ((text: string) => void) | undefined
  onClose: () => void
}) {
  const { answer, problem, again } = useCall('aside.list', { id: props.id }, 5_000)
  return (
    <Dialog title="Edits set aside" size="large" onClose={props.onClose}>
      <p className="help">
        Written by someone after they were removed, or while the removal was on its way. Nothing of it is
        lost, and nobody sees it in the text.
      </p>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      {answer?.groups.map((g) => (
        <Group key={g.id} id={props.id} group={g} onInsert={props.onInsert} changed={again} />
      ))}
      {answer?.groups.length === 0 && <p>Nothing is set aside.</p>}
    </Dialog>
  )
}

function Group(props: {
  id: string
  group: AsideGroup
  onInsert: ((text: string) => void) | undefined
  changed: () => void
}) {
  const { group } = props
  const { busy, problem, run } = useAction()
  const text = group.entries.map((e) => e.text).join('')
  const insert = props.onInsert
  return (
    <section className="aside-group">
      <div className="device">
        <span>
          <b>{group.name || NAMELESS}</b>
          <small>
            {plural(group.count, 'edit')}, the last one {whenWords(group.at)}
          </small>
        </span>
      </div>
      {text.trim() === '' ? (
        <p className="help">They change or delete; they add no text.</p>
      ) : (
        <>
          <pre className="aside-text">{text}</pre>
          <CopyField label="Copy the text" value={text} />
        </>
      )}
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      <footer className="dialog-foot">
        {insert !== undefined && text.trim() !== '' && (
          <button type="button" className="button" onClick={() => insert(text)}>
            Insert as my text
          </button>
        )}
        {group.canAccept && (
          <button
            type="button"
            className="button button-primary"
            disabled={busy}
            onClick={() =>
              run(async () => {
                await call('aside.accept', { id: props.id, group: group.id })
                props.changed()
              })
            }
          >
            Accept
          </button>
        )}
      </footer>
    </section>
  )
}
