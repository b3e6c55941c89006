import { MessageSquare } from 'lucide-react'
import { Tooltip } from '../ui/Tooltip'
import { useThreadsState, type Threads } from './threads'

/** The button in the header: how many threads are open, and the list of all. */
export function CommentsButton({ threads }: { threads: Threads }) {
  const open = useThreadsState(threads, (s) => s.threads?.filter((t) => !t.resolved).length ?? 0) ?? 0
  const shown = useThreadsState(threads, (s) => s.panel) ?? false
  const label = open === 0 ? 'Comments' : `Comments, ${open} open`
  return (
    <Tooltip label="Comments">
      <button
        type="button"
        className="icon-button comments-button"
        aria-label={label}
        aria-expanded={shown}
        data-state={shown ? 'open' : undefined}
        onClick={() => threads.showPanel(!shown)}
      >
        <MessageSquare aria-hidden="true" />
        {open > 0 && (
          <span className="comments-count" aria-hidden="true">
            {open > 99 ? '99+' : open}
          </span>
        )}
      </button>
    </Tooltip>
  )
}
