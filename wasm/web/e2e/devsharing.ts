/** People, links, devices and what else concerns membership, for the dev node. */
import { randomBytes } from 'node:crypto'
import type {
  AsideGroup,
  HoldingInfo,
  LinkInfo,
  MemberRole,
  Methods,
  OwnDevice,
  Pairing,
  Person,
  WaitingRequest,
} from '../src/api/types'
import type { DevNode } from './devnode'

/** Members of one document beyond the nodes of the mesh, its links and what was set aside. */
interface Membership {
  people: Person[]
  links: LinkInfo[]
  requests: WaitingRequest[]
  aside: AsideGroup[]
  withheld: HoldingInfo['withheld']
}

interface Own {
  devices: OwnDevice[]
  recovery: { exists: boolean; createdAt: number }
  /** In how many documents a lost device cannot be removed from here. */
  kept: number
  /** Links made for adding a device. */
  offers: number
  /** What the recovery words find, and which of them were given up. */
  recoverable: OwnDevice[]
  revoked: string[]
  passphrase: string
  locked: boolean
}

const memberships = new WeakMap<DevNode, Map<string, Membership>>()
const owns = new WeakMap<DevNode, Own>()

const id = () => randomBytes(32).toString('base64url')

/** A document's membership as one node sees it; tests put into it what they need. */
export function membershipOf(node: DevNode, document: string): Membership {
  const all = memberships.get(node) ?? new Map<string, Membership>()
  memberships.set(node, all)
  const m = all.get(document) ?? {
    people: [],
    links: [],
    requests: [],
    aside: [],
    withheld: { count: 0, from: [] },
  }
  all.set(document, m)
  return m
}

/** A node's own devices and lock. */
export function ownOf(node: DevNode): Own {
  const own = owns.get(node) ?? {
    devices: [],
    recovery: { exists: false, createdAt: 0 },
    kept: 0,
    offers: 0,
    recoverable: [],
    revoked: [],
    passphrase: '',
    locked: false,
  }
  owns.set(node, own)
  return own
}

/** A member with one device, for tests. */
export function person(name: string, role: MemberRole, change: Partial<Person> = {}): Person {
  const device = id()
  return {
    user: id(),
    name,
    label: '',
    me: false,
    verified: false,
    code: '12345 67890 12345 67890 12345 67890',
    role,
    devices: [
      {
        device,
        name: '',
        kind: 'node',
        role,
        me: false,
        lastSeen: Date.now() - 3_600_000,
        online: false,
        addedAt: Date.now(),
        via: '',
      },
    ],
    ...change,
  }
}

type Request = Record<string, never> & {
  id: string
  user: string
  device: string
  role: MemberRole
  card: string
  link: string
  remove: boolean
  label: string
  expiresAt: number
  maxUses: number
  verified: boolean
  discardUnseen: boolean
  words: string
  accept: boolean
  group: string
  passphrase: string
  old: string
  new: string
}

type Covered = Exclude<
  keyof Methods,
  | `comments.${string}`
  | 'contacts.list'
  | 'contacts.add'
  | 'status'
  | 'network.set'
  | 'profile.set'
  | `documents.${string}`
>

export const WORDS = Array.from({ length: 24 }, (_, i) => `word${i + 1}`).join(' ')

/** Answers a method of membership, or undefined for one of another kind. */
export function sharing(node: DevNode, method: string, body: unknown): unknown {
  const r = body as Request
  const m = () => membershipOf(node, r.id)
  const own = ownOf(node)
  const lock = () => ({ locked: own.locked, passphrase: own.passphrase !== '' })
  const pairing = (state: Pairing['state'], number = own.offers) =>
    node.emit({
      type: 'pairing',
      pairing: { number, state, role: 'old', name: 'Phone', device: 'phone', code: '', message: '' },
    })
  const methods: { [M in Covered | 'documents.info' | 'documents.leave']: () => Methods[M]['answer'] } = {
    'documents.info': () => ({
      here: { entries: 42, bytes: 20_480, since: Date.now() - 86_400_000 },
      holders: node.info(node.must(r.id)).others.map((o) => ({
        ...o,
        user: o.device,
        entries: o.complete ? 42 : 40,
        of: 42,
        at: Date.now() - 60_000,
        relay: '',
      })),
      withheld: m().withheld,
      epoch: { rotatedAt: Date.now() - 7_200_000, count: 2 },
    }),
    'documents.leave': () => ({}),
    'people.list': () => ({ me: 'me', people: [self(node, node.must(r.id).role), ...m().people] }),
    'people.invite': () => {
      if (!r.card.startsWith('sheaf://card#v1.')) throw new Error('This is not a contact card.')
      const p = person('Guest', r.role)
      m().people.push(p)
      return { user: p.user }
    },
    'people.role': () => {
      for (const p of m().people) if (p.user === r.user) p.role = r.role
      return {}
    },
    'people.remove': () => {
      m().people = m().people.filter(
        (p) => p.user !== r.user && !p.devices.some((d) => d.device === r.device),
      )
      return { removed: 1 }
    },
    'people.verify': () => {
      for (const each of memberships.get(node)?.values() ?? [])
        for (const p of each.people) if (p.user === r.user) p.verified = r.verified
      return {}
    },
    'contacts.card': () => ({ card: `sheaf://card#v1.${'A'.repeat(300)}`, user: 'me', name: node.name }),
    'links.list': () => ({ links: m().links }),
    'links.create': () => {
      const link: LinkInfo = {
        id: id(),
        role: r.role,
        label: r.label,
        link: `sheaf://join#v1.${id()}.${id().slice(0, 22)}.gEQA`,
        web: '',
        createdAt: Date.now(),
        expiresAt: r.expiresAt,
        maxUses: r.maxUses,
        uses: 0,
        state: 'open',
        mine: true,
      }
      m().links.push(link)
      return link
    },
    'links.revoke': () => {
      for (const l of m().links) if (l.id === r.link) l.state = 'revoked'
      return { removed: r.remove ? 1 : 0 }
    },
    'requests.list': () => ({ requests: m().requests }),
    'devices.list': () => ({
      user: 'me',
      recovery: own.recovery,
      devices: [ownDevice('This laptop', node.device, true), ...own.devices],
    }),
    'devices.pair': () => {
      const number = ++own.offers
      setTimeout(() => number === own.offers && pairing('confirm'), 300)
      const link = `sheaf://pair#v1.${id()}.${id().slice(0, 22)}.gEQA`
      return { link, expiresAt: Date.now() + 120_000, number }
    },
    'devices.confirm': () => {
      if (r.accept) own.devices.push(ownDevice('Phone', 'phone', false))
      setTimeout(() => pairing(r.accept ? 'done' : 'failed'), 50)
      return {}
    },
    'devices.cancel': () => ({}),
    'devices.join': () => ({}),
    'devices.revoke': () => {
      own.devices = own.devices.filter((d) => d.device !== r.device)
      return { documents: node.docs.size, kept: own.kept }
    },
    'recovery.create': () => {
      own.recovery = { exists: true, createdAt: Date.now() }
      return { words: WORDS }
    },
    'recovery.devices': () => {
      if (r.words !== WORDS) throw new Error('The words do not fit together: one of them is wrong.')
      return { devices: own.recoverable }
    },
    'recovery.restore': () => {
      own.revoked = r.revoke as unknown as string[]
      return { documents: 3, missing: 0, revoked: own.revoked.length > 0 ? 3 : 0 }
    },
    'aside.list': () => ({ groups: m().aside }),
    'aside.accept': () => {
      m().aside = m().aside.filter((g) => g.id !== r.group)
      return {}
    },
    'lock.status': lock,
    'lock.unlock': () => {
      if (r.passphrase !== own.passphrase) throw new Error('This is not the passphrase.')
      own.locked = false
      return lock()
    },
    'lock.lock': () => {
      own.locked = true
      return lock()
    },
    'lock.set': () => {
      if (own.passphrase !== r.old) throw new Error('This is not the passphrase.')
      own.passphrase = r.new
      return lock()
    },
  }
  return methods[method as keyof typeof methods]?.()
}

function self(node: DevNode, role: string): Person {
  return person(node.name, role as MemberRole, {
    user: 'me',
    me: true,
    code: '',
    devices: [
      {
        ...person('', 'owner').devices[0]!,
        device: node.device,
        name: 'This laptop',
        me: true,
      },
    ],
  })
}

export function ownDevice(name: string, device: string, me: boolean): OwnDevice {
  return { device, name, kind: 'node', me, addedAt: Date.now(), lastSeen: Date.now(), online: me }
}
