import { TriangleAlert } from 'lucide-react'
import { useApp } from '../app/store'

/** What is wrong between this page and its node, or in the node's store; nothing when all is well. */
export function ConnectionBanner() {
  const link = useApp((s) => s.link)
  const health = useApp((s) => s.status?.store)
  let text: string | undefined
  if (link === 'lost') {
    text =
      'This page cannot reach Sheaf on this device. Your documents are kept there. Start Sheaf again; this page connects by itself.'
  } else if (health?.state === 'full') {
    text =
      health.message ||
      'The disk of this device is full. Everything so far is kept; make room to go on writing.'
  } else if (health?.state === 'failing') {
    text =
      health.message ||
      'The disk of this device reports errors. Everything stored so far is kept; new changes may not be stored.'
  } else if (health?.state === 'repaired') {
    text =
      health.message ||
      'The store of this device was damaged and set aside. Documents are fetched again from your other devices.'
  }
  return (
    <div role="alert" className="banner-slot">
      {text !== undefined && (
        <p className="banner">
          <TriangleAlert aria-hidden="true" /> <span>{text}</span>
        </p>
      )}
    </div>
  )
}
