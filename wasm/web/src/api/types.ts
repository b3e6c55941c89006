/** The node's answers and events, as the local API speaks them. */

export type Role = 'doorkeeper' | 'viewer' | 'commenter' | 'editor' | 'owner'

/** Another device that is known to hold a document. */
export interface Holder {
  device: string
  name: string
  /** The device has everything that this one has. */
  complete: boolean
}

export interface DocumentInfo {
  id: string
  title: string
  /** Milliseconds since 1970. */
  createdAt: number
  updatedAt: number
  trashed: boolean
  /** "joining" until the first member answers. */
  state: 'ready' | 'joining' | 'damaged'
  role: Role
  here: boolean
  others: Holder[]
  /** Devices connected now for this document. */
  peers: number
}

export interface NodeStatus {
  device: string
  name: string
  offline: boolean
  peers: number
  store: { state: 'ok' | 'full' | 'failing' | 'repaired'; message: string }
  version: string
}

export interface ShareLink {
  link: string
  web: string
  role: Role
}

/** A passage: two Yjs relative positions in base64. */
export interface Anchor {
  from: string
  to: string
}

/** A comment or a reply. */
export interface ThreadComment {
  id: string
  user: string
  device: string
  name: string
  /** Written by a device of this user. */
  me: boolean
  text: string
  /** Milliseconds since 1970; `editedAt` is 0 if it was not. */
  at: number
  editedAt: number
  deleted: boolean
  mentions: string[]
}

/** What was said about one passage. */
export interface Thread {
  id: string
  anchor: Anchor
  quote: string
  resolved: boolean
  resolvedBy: string
  /** The first comment is not here or does not count: what others answered is. */
  missing: boolean
  comments: ThreadComment[]
}

export type NodeEvent =
  | { type: 'documents' }
  | { type: 'document'; document: DocumentInfo }
  | { type: 'status'; status: NodeStatus }
  | { type: 'comments'; id: string }

/** Every method of the API with its request and its answer. */
export interface Methods {
  'documents.list': { request: Record<string, never>; answer: { documents: DocumentInfo[] } }
  'documents.create': { request: { title: string }; answer: DocumentInfo }
  'documents.rename': { request: { id: string; title: string }; answer: DocumentInfo }
  'documents.trash': { request: { id: string; trashed: boolean }; answer: DocumentInfo }
  'documents.share': { request: { id: string }; answer: ShareLink }
  'documents.join': { request: { link: string }; answer: DocumentInfo }
  'documents.export': { request: { id: string; format: 'txt' | 'json' }; answer: { content: string } }
  'comments.list': { request: { id: string }; answer: { threads: Thread[] } }
  'comments.add': {
    request: { id: string; anchor: Anchor; quote: string; text: string; mentions: string[] }
    answer: Thread
  }
  'comments.reply': {
    request: { id: string; thread: string; text: string; mentions: string[] }
    answer: Thread
  }
  'comments.edit': {
    request: { id: string; comment: string; text: string; mentions: string[] }
    answer: Record<string, never>
  }
  'comments.delete': { request: { id: string; comment: string }; answer: Record<string, never> }
  'comments.resolve': {
    request: { id: string; thread: string; resolved: boolean }
    answer: Record<string, never>
  }
  status: { request: Record<string, never>; answer: NodeStatus }
  'network.set': { request: { offline: boolean }; answer: NodeStatus }
  'profile.set': { request: { name: string }; answer: NodeStatus }
}
