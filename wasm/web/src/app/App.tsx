import { useEffect, useRef, useState } from 'react'
import { call, messageOf } from '../api/rpc'
import { Home } from '../home/Home'
import { Toasts, toast } from '../ui/toast'
import { TooltipArea } from '../ui/Tooltip'
import { isPairing } from './invitation'
import { go, useRoute } from './router'
import { store, useApp } from './store'
import { lazily } from '../ui/lazily'

const EditorPage = lazily(() => import('../editor/EditorPage').then((m) => m.default), <EditorSkeleton />)
const LockScreen = lazily(() => import('../lock/LockScreen').then((m) => m.default))
const BecomeDialog = lazily(() => import('../devices/BecomeDialog').then((m) => m.default))

export function App(props: { invitation: string | undefined }) {
  const route = useRoute()
  const refused = useApp((s) => s.link === 'refused')
  const locked = useApp((s) => s.link === 'locked')
  const [pairing, setPairing] = useState(isPairing(props.invitation) ? props.invitation : undefined)
  useStart(isPairing(props.invitation) ? undefined : props.invitation)
  if (refused) return <NotSignedIn />
  return (
    <TooltipArea>
      <>
        {/* Out of sight but not taken away: an editor may hold edits that were not stored before the lock. */}
        <div hidden={locked}>
          {route.page === 'document' ? (
            <EditorPage key={route.id} id={route.id} />
          ) : (
            <Home trash={route.page === 'trash'} />
          )}
        </div>
        {locked && <LockScreen />}
        {pairing !== undefined && <BecomeDialog link={pairing} onClose={() => setPairing(undefined)} />}
        <Toasts />
      </>
    </TooltipArea>
  )
}

function useStart(invitation: string | undefined): void {
  const started = useRef(false)
  useEffect(() => {
    if (started.current) return
    started.current = true
    store.start()
    if (invitation === undefined) return
    void join(invitation).then((wrong) => wrong !== undefined && toast(wrong, { tone: 'problem' }))
  }, [invitation])
}

/** Joins by a link and opens the document; resolves to what went wrong, for the reader. */
export async function join(link: string): Promise<string | undefined> {
  try {
    const document = await call('documents.join', { link })
    store.put(document)
    go({ page: 'document', id: document.id })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function NotSignedIn() {
  return (
    <main className="lonely">
      <h1>This browser is not connected to Sheaf</h1>
      <p>
        Only a browser that Sheaf itself opened may read your documents. Run <code>sheaf</code> on this
        device, or open the address that it printed when it started. Nothing was lost.
      </p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        Try again
      </button>
    </main>
  )
}

/** The shape of the editor while its code is on the way. */
export function EditorSkeleton() {
  return (
    <div className="editor-page" aria-busy="true" aria-label="Opening the document">
      <div className="editor-head" />
      <div className="toolbar" />
      <div className="canvas">
        <div className="sheet">
          <PageSkeleton />
        </div>
      </div>
    </div>
  )
}

export function PageSkeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      <i className="skeleton-title" />
      <i />
      <i />
      <i className="skeleton-short" />
      <i />
      <i className="skeleton-short" />
    </div>
  )
}
