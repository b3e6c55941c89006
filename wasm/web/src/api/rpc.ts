import type { Methods } from './types'

/** An answer that says no: `code` is for the program, `message` for the reader. */
export class ApiError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ApiError'
    this.code = code
  }
}

/** How long a request to the node on this device may take. */
const TIMEOUT_MS = 15_000

/** Methods that first look for other devices, or go through every document. */
const SLOW_MS: Partial<Record<keyof Methods, number>> = {
  'people.remove': 60_000,
  'people.role': 60_000,
  'links.revoke': 60_000,
  'documents.leave': 60_000,
  'devices.join': 60_000,
  'devices.confirm': 120_000,
  'devices.revoke': 300_000,
  'recovery.create': 60_000,
  'recovery.devices': 120_000,
  'recovery.restore': 300_000,
}

/**
 * Calls one method of the node. Rejects with an ApiError whose code is
 * "unreachable" when nothing answers, else the code the node gave.
 */
export async function call<M extends keyof Methods>(
  method: M,
  request: Methods[M]['request'],
): Promise<Methods[M]['answer']> {
  let response: Response
  try {
    response = await fetch(`/api/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(request),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(SLOW_MS[method] ?? TIMEOUT_MS),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new ApiError(
        'unreachable',
        'Sheaf on this device has not answered in time. It may still do what was asked: look again in a moment.',
      )
    }
    throw new ApiError(
      'unreachable',
      'This page cannot reach Sheaf on this device. Nothing was changed; check that it is running and try again.',
    )
  }
  const text = await response.text()
  const body = parse(text)
  if (response.ok) return body as Methods[M]['answer']
  const error = (body as { error?: { code?: unknown; message?: unknown } } | undefined)?.error
  throw new ApiError(
    typeof error?.code === 'string' ? error.code : codeOf(response.status),
    typeof error?.message === 'string' && error.message !== ''
      ? error.message
      : `Sheaf on this device answered ${response.status}. Nothing was changed.`,
  )
}

/** What to show for any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function codeOf(status: number): string {
  switch (status) {
    case 401:
      return 'unauthorized'
    case 403:
      return 'forbidden'
    case 404:
      return 'not_found'
    default:
      return 'internal'
  }
}
