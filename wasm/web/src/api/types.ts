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

export type NodeEvent =
  | { type: 'documents' }
  | { type: 'document'; document: DocumentInfo }
  | { type: 'status'; status: NodeStatus }

/** Every method of the API with its request and its answer. */
export interface Methods {
  'documents.list': { request: Record<string, never>; answer: { documents: DocumentInfo[] } }
  'documents.create': { request: { title: string }; answer: DocumentInfo }
  'documents.rename': { request: { id: string; title: string }; answer: DocumentInfo }
  'documents.trash': { request: { id: string; trashed: boolean }; answer: DocumentInfo }
  'documents.share': { request: { id: string }; answer: ShareLink }
  'documents.join': { request: { link: string }; answer: DocumentInfo }
  'documents.export': { request: { id: string; format: 'txt' | 'json' }; answer: { content: string } }
  status: { request: Record<string, never>; answer: NodeStatus }
  'network.set': { request: { offline: boolean }; answer: NodeStatus }
  'profile.set': { request: { name: string }; answer: NodeStatus }
}
