import { Check, CircleDashed, TriangleAlert } from 'lucide-react'
import { NAMELESS } from '../app/people'
import { whenWords } from '../app/when'
import { plural } from '../sharing/words'
import { Dialog } from '../ui/Dialog'
import { useCall } from '../ui/useCall'
import '../styles/sharing.css'

/** Who holds what of a document, since when, and what is missing. */
export default function InfoDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { answer, problem } = useCall('documents.info', { id }, 3_000)
  return (
    <Dialog title="Where this document is" size="medium" onClose={onClose}>
      {problem !== undefined && (
        <p className="help help-problem" role="alert">
          {problem}
        </p>
      )}
      {answer !== undefined && (
        <>
          {answer.withheld.count > 0 && (
            <p className="banner" role="alert">
              <TriangleAlert aria-hidden="true" />
              <span>{withheldWords(answer.withheld)}</span>
            </p>
          )}
          <ul className="places">
            <li className="place" data-all>
              <Check aria-hidden="true" />
              <span>This device</span>
              <small>
                {plural(answer.here.entries, 'edit')}, {sizeWords(answer.here.bytes)}
              </small>
            </li>
            {answer.holders.map((h) => (
              <li key={h.device} className="place" data-all={h.complete || undefined}>
                {h.complete ? <Check aria-hidden="true" /> : <CircleDashed aria-hidden="true" />}
                <span>{h.relay !== '' ? `Relay ${h.relay}` : h.name || NAMELESS}</span>
                <small>
                  {h.complete ? 'Everything' : `${h.entries} of ${h.of} edits`}
                  {h.at > 0 && `, ${whenWords(h.at)}`}
                </small>
              </li>
            ))}
          </ul>
          <p className="help">
            A device counts once it has confirmed, signed, that the edits are on its disk.
          </p>
          <dl className="facts">
            <dt>Here since</dt>
            <dd>{answer.here.since > 0 ? whenWords(answer.here.since) : 'now'}</dd>
            <dt>Keys</dt>
            <dd>
              {answer.epoch.count <= 1
                ? 'Never changed'
                : `Changed ${plural(answer.epoch.count - 1, 'time')}, last ${whenWords(answer.epoch.rotatedAt)}`}
            </dd>
          </dl>
        </>
      )}
    </Dialog>
  )
}

/** "12 edits exist that no one reachable delivers: 10 by Ada, 2 by Bob." */
export function withheldWords(w: { count: number; from: { name: string; count: number }[] }): string {
  const by = w.from.map((f) => `${f.count} by ${f.name || NAMELESS}`).join(', ')
  const edits = w.count === 1 ? '1 edit exists' : `${w.count.toLocaleString('en')} edits exist`
  return `${edits} that no one reachable delivers${by === '' ? '' : `: ${by}`}. They appear as soon as someone who has them is connected.`
}

function sizeWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`
  if (bytes < 1_048_576) return `${Math.round(bytes / 1_024)} kB`
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}
