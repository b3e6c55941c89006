import { useState } from 'react'
import { useApp } from '../app/store'
import { CopyField } from '../ui/CopyField'
import { Dialog } from '../ui/Dialog'
import { useCall } from '../ui/useCall'
import { InviteByCard } from './InviteByCard'
import { Links } from './Links'
import { People } from './People'
import '../styles/sharing.css'

/** Who is in the document, and the ways in. */
export default function ShareDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const role = useApp((s) => s.documents?.find((d) => d.id === id)?.role ?? 'none')
  const peers = useApp((s) => s.documents?.find((d) => d.id === id)?.peers ?? 0)
  const offline = useApp((s) => s.status?.offline ?? false)
  const [part, setPart] = useState<'people' | 'links'>('people')
  const owner = role === 'owner'
  return (
    <Dialog title="Share" size="large" onClose={onClose}>
      {owner && <QuickLink id={id} />}
      <div className="parts" role="group" aria-label="What to show">
        <button
          type="button"
          className="part"
          aria-pressed={part === 'people'}
          onClick={() => setPart('people')}
        >
          People
        </button>
        <button
          type="button"
          className="part"
          aria-pressed={part === 'links'}
          onClick={() => setPart('links')}
        >
          Links
        </button>
      </div>
      {part === 'people' ? (
        <>
          <People id={id} owner={owner} />
          {owner && <InviteByCard id={id} />}
          <p className="help">{connectedWords(peers, offline)}</p>
        </>
      ) : (
        <Links id={id} owner={owner} />
      )}
    </Dialog>
  )
}

/** The one link most people need. */
function QuickLink({ id }: { id: string }) {
  const { answer, problem } = useCall('documents.share', { id })
  if (problem !== undefined) {
    return (
      <p className="help help-problem" role="alert">
        {problem}
      </p>
    )
  }
  return (
    <>
      <p className="share-note">
        Everyone who has this link can <b>read and edit</b> the document. Give it only to people you trust, by
        a channel you trust. Links that give less, or end by themselves, are under <b>Links</b>.
      </p>
      <CopyField label="Link" value={answer?.link} waiting="Making the link…" primary />
    </>
  )
}

function connectedWords(peers: number, offline: boolean): string {
  if (offline) return 'You work offline: edits are exchanged when you return.'
  if (peers === 0)
    return 'Nobody else is connected now. Whoever joins needs this device, or another that has the document, to be running.'
  return peers === 1 ? '1 other device is connected now.' : `${peers} other devices are connected now.`
}
