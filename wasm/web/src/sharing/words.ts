/** The words of the share dialog, so that every sentence is tested. */
import type { LinkInfo, MemberDevice, MemberRole, Role } from '../api/types'
import { whenWords } from '../app/when'

export const MEMBER_ROLES: readonly MemberRole[] = ['viewer', 'commenter', 'editor', 'owner']

/** Roles that a link may give: nobody becomes an owner by a link. */
export const LINK_ROLES: readonly MemberRole[] = ['editor', 'commenter', 'viewer']

const ROLE_WORDS: Record<Role, string> = {
  none: 'No access',
  doorkeeper: 'Lets people in',
  viewer: 'Can read',
  commenter: 'Can comment',
  editor: 'Can edit',
  owner: 'Owner',
}

export function roleWords(role: Role): string {
  return ROLE_WORDS[role]
}

/** What whoever has a link of this role can do. */
export function linkRoleWords(role: Role): string {
  switch (role) {
    case 'editor':
      return 'read and edit'
    case 'commenter':
      return 'read and comment'
    default:
      return 'read'
  }
}

/** "Never used", "Used by 1 device", "Used by 2 of 5 devices", with when it ends. */
export function linkWords(link: LinkInfo, now: number): string {
  const parts: string[] = []
  if (link.maxUses > 0) parts.push(`Used by ${link.uses} of ${link.maxUses} devices`)
  else if (link.uses === 0) parts.push('Not used yet')
  else parts.push(link.uses === 1 ? 'Used by 1 device' : `Used by ${link.uses} devices`)
  switch (link.state) {
    case 'revoked':
      parts.push('taken back')
      break
    case 'closed':
      parts.push('closed when access was taken away')
      break
    case 'expired':
      parts.push('expired')
      break
    case 'used':
      parts.push('used up')
      break
    default:
      if (link.expiresAt > 0) parts.push(`open for ${spanWords(link.expiresAt - now)} more`)
  }
  return parts.join(', ')
}

/** A span of time in its greatest unit: "3 days", "1 hour", "2 minutes". */
export function spanWords(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  if (minutes < 60) return plural(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return hours < 48 ? plural(hours, 'hour') : plural(Math.round(hours / 24), 'day')
}

export function plural(n: number, unit: string): string {
  return `${n.toLocaleString('en')} ${unit}${n === 1 ? '' : 's'}`
}

const KIND_WORDS: Record<string, string> = { paper: 'Paper key', node: 'Computer', browser: 'Browser' }

/** What a device is called where it has no name. */
export function deviceName(d: Pick<MemberDevice, 'name' | 'kind' | 'device'>): string {
  return d.name || `${KIND_WORDS[d.kind] ?? 'Device'} ${d.device.slice(0, 6)}`
}

/** "This device", "online now", "seen 5 minutes ago", "not seen from here". */
export function seenWords(d: Pick<MemberDevice, 'me' | 'online' | 'lastSeen' | 'kind'>, now: number): string {
  if (d.me) return 'This device'
  if (d.kind === 'paper') return 'Recovery words, kept on paper'
  if (d.online) return 'Connected now'
  return d.lastSeen > 0 ? `Seen ${whenWords(d.lastSeen, now)}` : 'Not seen from here yet'
}

/** What happens to whom, before someone is removed. */
export function removeWords(name: string): string {
  return `${name} can no longer read what is written from now on, and what they write later is not taken by anyone. They keep a copy of what they have already received.`
}

/** What became of a lost device: removed everywhere, or kept where it is senior to this one. */
export function removedWords(name: string, documents: number, kept: number): string {
  const done = documents === 0 ? '' : `${name} was removed from ${plural(documents, 'document')}. `
  if (kept === 0) return done.trim() || `${name} was in no document.`
  return `${done}In ${plural(kept, 'document')} it cannot be removed from this device, because it was there first: remove it from a device that is older, or with your recovery words.`
}
