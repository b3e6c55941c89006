import { describe, expect, it } from 'vitest'
import { parts, shownText, waitForStatus } from './browser'
import { useHarness } from './harness'

const h = useHarness()
const CONNECTION = /WebSocket|Failed to (fetch|load)|ERR_/

describe('the status tells the truth', () => {
  it('does not say "On this device" before the fsync', async () => {
    h.ada.node.fsyncMs = 3_000
    const { id } = h.ada.node.create('Slow disk')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await waitForStatus(page, 'On this device')
    const start = Date.now()
    await page.keyboard.type('x')
    await waitForStatus(page, 'Saving…', 500)
    await waitForStatus(page, 'On this device')
    expect(Date.now() - start).toBeGreaterThan(2_900)
  })

  it('F13: what the page showed as saved survives a crash, and the rest is sent again', async () => {
    h.expected = CONNECTION
    const id = h.shared('Crash')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('Saved before. ')
    await waitForStatus(page, 'On 1 other device')
    h.ada.node.fsyncMs = 60_000
    await page.keyboard.type('Received, never stored. ')
    await waitForStatus(page, 'Saving…')
    await h.ada.stop()
    h.ada.node.crash()
    await page.keyboard.type('Typed with the node gone. ')
    const whole = 'Saved before. Received, never stored. Typed with the node gone.'
    await parts
      .banner(page)
      .filter({ hasText: /only in this tab: keep it open/ })
      .waitFor()
    await waitForStatus(page, 'Not saved')
    await h.shot(page, 'unreachable')
    expect((await shownText(page)).trim()).toBe(whole)
    expect(h.ada.node.text(id)).not.toContain('never stored')
    h.ada.node.fsyncMs = 20
    await h.ada.start()
    await waitForStatus(page, 'On 1 other device')
    expect((await shownText(page)).trim()).toBe(whole)
    expect(h.ada.node.text(id)).toContain(whole)
    await page.keyboard.type('And on.')
    await waitForStatus(page, 'On 1 other device')
    expect((await shownText(page)).trim()).toBe(`${whole} And on.`)
    await parts.tool(page, 'Undo').click()
    expect(await parts.banner(page).count()).toBe(0)
  })

  it('asks before closing only while something is unsaved', async () => {
    const { id } = h.ada.node.create('Closing')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    await page.keyboard.type('x')
    await waitForStatus(page, 'On this device')
    let asked = 0
    page.on('dialog', (dialog) => {
      asked++
      void dialog.accept()
    })
    await page.reload()
    expect(asked).toBe(0)
    await parts.text(page).click()
    h.ada.node.fsyncMs = 60_000
    await page.keyboard.type('y')
    await waitForStatus(page, 'Saving…')
    await page.reload()
    expect(asked).toBe(1)
  })

  it('F32: keeps what a full disk refuses and sends it when there is room', async () => {
    const { id } = h.ada.node.create('Full')
    const page = await h.open(h.ada, `/d/${id}`)
    await parts.text(page).click()
    h.ada.node.refuse = { code: 'full', message: 'The disk of this device is full' }
    h.ada.node.setStore({ state: 'full', message: '' })
    await page.keyboard.type('kept in the tab')
    await waitForStatus(page, 'Not saved: disk full')
    await parts
      .banner(page)
      .filter({ hasText: /sent again as soon as there is room/ })
      .waitFor()
    await h.shot(page, 'full')
    h.ada.node.refuse = undefined
    h.ada.node.setStore({ state: 'ok', message: '' })
    await waitForStatus(page, 'On this device')
    expect(h.ada.node.text(id)).toContain('kept in the tab')
  })

  it('says so in the list when the node is gone, and comes back by itself', async () => {
    h.expected = CONNECTION
    h.ada.node.create('Here')
    const page = await h.open(h.ada)
    await page.getByRole('link', { name: /Here/ }).waitFor()
    await h.ada.stop()
    await parts
      .banner(page)
      .filter({ hasText: /cannot reach Sheaf on this device/ })
      .waitFor()
    await h.ada.start()
    await parts.banner(page).waitFor({ state: 'detached' })
  })

  it('tells a browser that was not let in what to do', async () => {
    h.expected = /401|WebSocket/
    const page = await h.open(h.ada)
    await page.context().clearCookies()
    await page.goto(h.ada.origin)
    await page.getByRole('heading', { name: 'This browser is not connected to Sheaf' }).waitFor()
  })

  it('knows when a document is not here', async () => {
    const page = await h.open(h.ada, `/d/${'A'.repeat(43)}`)
    await page.getByRole('heading', { name: 'This document is not on this device' }).waitFor()
  })
})
