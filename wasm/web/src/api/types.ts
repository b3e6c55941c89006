/** The node's answers and events, as the local API speaks them. */

export type Role = 'none' | 'doorkeeper' | 'viewer' | 'commenter' | 'editor' | 'owner'

/** The roles a person can be given. */
export type MemberRole = 'viewer' | 'commenter' | 'editor' | 'owner'

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
  /** "joining" until the first member answers; "removed" when this device is a member no more. */
  state: 'ready' | 'joining' | 'damaged' | 'removed'
  /** Removed, and by this device's own choice. */
  left?: boolean
  role: Role
  here: boolean
  others: Holder[]
  /** Devices connected now for this document. */
  peers: number
  /** Written here and not seen by others yet: no member has let this device in. */
  waiting?: boolean
  /** Edits that are kept and do not count, because their author was removed. */
  aside?: number
  /** Another copy of this device's key has written in it. */
  forked?: boolean
  /** Edits known to exist that nobody reachable delivers. */
  withheld?: number
  /** Why it is not ready, for the reader. */
  message?: string
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

/** A device of a member, by the operation that let it in. */
export interface MemberDevice {
  device: string
  name: string
  kind: string
  role: Role
  me: boolean
  /** Milliseconds since 1970; 0: never seen from here. */
  lastSeen: number
  online: boolean
  addedAt: number
  /** The link it came by, or "". */
  via: string
}

/** A member of a document with all devices. */
export interface Person {
  user: string
  name: string
  label: string
  me: boolean
  verified: boolean
  /** To be compared with the other side by another channel. */
  code: string
  role: Role
  devices: MemberDevice[]
}

/** A person whose card was added on this device. */
export interface Contact {
  user: string
  name: string
  verified: boolean
  devices: number
}

export interface LinkInfo {
  id: string
  role: Role
  label: string
  /** Empty where this device does not hold the link's secret. */
  link: string
  web: string
  createdAt: number
  /** 0: never. */
  expiresAt: number
  /** 0: any number. */
  maxUses: number
  uses: number
  state: 'open' | 'closed' | 'expired' | 'used' | 'revoked'
  mine: boolean
}

export interface WaitingRequest {
  device: string
  name: string
  role: Role
  askedAt: number
}

/** One of the reader's own devices. */
export interface OwnDevice {
  device: string
  name: string
  kind: string
  me: boolean
  addedAt: number
  lastSeen: number
  online: boolean
}

export interface OwnDevices {
  user: string
  recovery: { exists: boolean; createdAt: number }
  devices: OwnDevice[]
}

/** How pairing stands, on the old device and on the new one. */
export interface Pairing {
  /** Tells it from others since the node started. */
  number: number
  state: 'waiting' | 'confirm' | 'working' | 'done' | 'failed'
  role: 'old' | 'new'
  name: string
  device: string
  code: string
  message: string
}

/** Edits of one author that are kept and do not count. */
export interface AsideGroup {
  id: string
  user: string
  device: string
  name: string
  count: number
  at: number
  canAccept: boolean
  entries: { at: number; text: string }[]
}

/** Who holds what of a document, since when. */
export interface HoldingInfo {
  here: { entries: number; bytes: number; since: number }
  holders: {
    device: string
    user: string
    name: string
    complete: boolean
    entries: number
    of: number
    at: number
    /** The host name of a relay, or "". */
    relay: string
  }[]
  withheld: { count: number; from: { device: string; name: string; count: number }[] }
  epoch: { rotatedAt: number; count: number }
}

/** Whether the node is locked, and whether its key has a passphrase. */
export interface LockStatus {
  locked: boolean
  passphrase: boolean
}

type Nothing = Record<string, never>

export type NodeEvent =
  | { type: 'pairing'; pairing: Pairing }
  | { type: 'documents' }
  | { type: 'document'; document: DocumentInfo }
  | { type: 'status'; status: NodeStatus }
  | { type: 'comments'; id: string }
  /** The node was locked or unlocked; after unlocking a status follows. */
  | { type: 'lock'; locked: boolean }

/** Every method of the API with its request and its answer. */
export interface Methods {
  'documents.list': { request: Record<string, never>; answer: { documents: DocumentInfo[] } }
  'documents.create': { request: { title: string }; answer: DocumentInfo }
  'documents.rename': { request: { id: string; title: string }; answer: DocumentInfo }
  'documents.trash': { request: { id: string; trashed: boolean }; answer: DocumentInfo }
  'documents.share': { request: { id: string }; answer: ShareLink }
  'documents.join': { request: { link: string }; answer: DocumentInfo }
  'documents.export': {
    request: { id: string; format: 'txt' | 'json' }
    /** `late`: what this device wrote and others do not see; it is in the content too. */
    answer: { content: string; late: { count: number; text: string } }
  }
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
  'documents.leave': { request: { id: string }; answer: Nothing }
  'documents.info': { request: { id: string }; answer: HoldingInfo }
  'people.list': { request: { id: string }; answer: { people: Person[]; me: string } }
  /** The link, if there is one, is where the person opens the document; it is of use to nobody else. */
  'people.invite': {
    request: { id: string; card: string; role: MemberRole }
    answer: { user: string; link?: string }
  }
  'people.role': { request: { id: string; user: string; role: MemberRole }; answer: Nothing }
  'people.remove': {
    request: { id: string; user?: string; device?: string; discardUnseen?: boolean }
    answer: { removed: number }
  }
  'people.verify': { request: { user: string; verified: boolean }; answer: Nothing }
  'contacts.list': { request: Nothing; answer: { contacts: Contact[] } }
  'contacts.add': { request: { card: string; name: string }; answer: Contact }
  'contacts.card': { request: Nothing; answer: { card: string; user: string; name: string } }
  'links.list': { request: { id: string }; answer: { links: LinkInfo[] } }
  'links.create': {
    request: { id: string; role: MemberRole; label: string; expiresAt: number; maxUses: number }
    answer: LinkInfo
  }
  'links.revoke': { request: { id: string; link: string; remove: boolean }; answer: { removed: number } }
  'requests.list': { request: { id: string }; answer: { requests: WaitingRequest[] } }
  'devices.list': { request: Nothing; answer: OwnDevices }
  'devices.pair': { request: Nothing; answer: { link: string; expiresAt: number; number: number } }
  'devices.confirm': { request: { accept: boolean }; answer: Nothing }
  'devices.cancel': { request: { number?: number }; answer: Nothing }
  'devices.join': { request: { link: string; name: string }; answer: Nothing }
  /** In `kept` documents this device may not remove the other, which was there before it. */
  'devices.revoke': { request: { device: string }; answer: { documents: number; kept: number } }
  'recovery.create': { request: Nothing; answer: { words: string } }
  /** `hints`: addresses, or links to documents, for where no device is found near by. */
  'recovery.devices': { request: { words: string; hints: string[] }; answer: { devices: OwnDevice[] } }
  'recovery.restore': {
    request: { words: string; revoke: string[]; hints: string[] }
    answer: { documents: number; missing: number; revoked: number }
  }
  'aside.list': { request: { id: string }; answer: { groups: AsideGroup[] } }
  'aside.accept': { request: { id: string; group: string }; answer: Nothing }
  'lock.status': { request: Nothing; answer: LockStatus }
  'lock.unlock': { request: { passphrase: string }; answer: LockStatus }
  'lock.lock': { request: Nothing; answer: LockStatus }
  'lock.set': { request: { old: string; new: string }; answer: LockStatus }
  status: { request: Record<string, never>; answer: NodeStatus }
  'network.set': { request: { offline: boolean }; answer: NodeStatus }
  'profile.set': { request: { name: string }; answer: NodeStatus }
}
