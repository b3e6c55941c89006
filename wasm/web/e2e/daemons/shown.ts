/** Keeps, frame by frame, what a page claims to be safe. */
import type { Page } from 'playwright-core'

/** A claim that everything shown is on this device's disk. */
const SAVED = '^(On this device|On \\d+ other devices?|Offline: kept here)$'

interface Claims {
  /** The text at the last frame whose status claimed that it is safe. */
  saved: string
  /** What the status said, each with the time in ms when it began to. */
  said: [number, string][]
}

/** Starts to note on every frame what the page shows as safe. */
export async function noteClaims(page: Page): Promise<void> {
  await page.evaluate((savedWords) => {
    const claims: Claims = { saved: '', said: [] }
    ;(window as unknown as { claims: Claims }).claims = claims
    const safe = new RegExp(savedWords)
    const look = () => {
      const status = document.querySelector('.status-chip [role=status]')?.textContent ?? ''
      if (claims.said.at(-1)?.[1] !== status) claims.said.push([performance.now(), status])
      const blocks = document.querySelectorAll('.ProseMirror > *')
      if (safe.test(status)) claims.saved = [...blocks].map((b) => b.textContent).join('\n')
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, SAVED)
}

export function claimsOf(page: Page): Promise<Claims> {
  return page.evaluate(() => (window as unknown as { claims: Claims }).claims)
}
