import { Share2 } from 'lucide-react'
import { useApp } from '../app/store'
import { CommentsButton } from '../comments/Button'
import type { Threads } from '../comments/threads'
import { SettingsMenu } from '../home/HomeHeader'
import { Logo } from '../home/Logo'
import type { Provider } from '../provider/provider'
import { Presence } from './Presence'
import { StatusChip } from './Status'
import { Title } from './Title'

export function EditorHeader(props: {
  id: string
  provider: Provider | undefined
  threads: Threads | undefined
  onShare: () => void
  onProfile: () => void
  onInfo: () => void
}) {
  const removed = useApp((s) => s.documents?.find((d) => d.id === props.id)?.state === 'removed')
  return (
    <header className="editor-head">
      <Logo bare />
      <div className="editor-name">
        <Title id={props.id} provider={props.provider} />
        <StatusChip id={props.id} provider={props.provider} onInfo={props.onInfo} />
      </div>
      <div className="editor-people">
        {/* Whoever may no longer see the document does not see who is in it, either. */}
        {props.provider !== undefined && !removed && <Presence provider={props.provider} />}
        {props.threads !== undefined && <CommentsButton threads={props.threads} />}
        {!removed && (
          <button
            type="button"
            className="button button-primary share-button"
            aria-label="Share"
            onClick={props.onShare}
          >
            <Share2 aria-hidden="true" /> <span>Share</span>
          </button>
        )}
        <SettingsMenu onProfile={props.onProfile} />
      </div>
    </header>
  )
}
