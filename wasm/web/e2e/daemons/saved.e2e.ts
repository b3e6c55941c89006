import { afterEach, describe, expect, it } from 'vitest'
import { parts, shownText } from '../browser'
import { CONNECTION, Person, says } from './people'
import { claimsOf, noteClaims } from './shown'

/** How often the node is killed; 20 before a release. */
const KILLS = Number(process.env.KILLS ?? 3)

describe('what the page shows as saved', () => {
  let ada: Person
  afterEach(() => ada.leave())

  it(
    'F13: is in the export after the node was killed and the page destroyed, again and again',
    async () => {
      ada = new Person({ name: 'Ada Lovelace' })
      await ada.daemon.start()
      const { id } = await ada.daemon.create('Killed')
      let saved = 0
      for (let round = 1; round <= KILLS; round++) {
        const page = await ada.open(`/d/${id}`)
        await parts.text(page).click()
        await says(page, 'On this device')
        await page.keyboard.press('Control+End')
        if (round > 1) await page.keyboard.press('Enter')
        await noteClaims(page)
        // Bursts with pauses, in which the page gets to say that all is saved.
        const typing = (async () => {
          for (let burst = 0; ada.daemon.running; burst++) {
            await page.keyboard.type(`round ${round} burst ${burst} `, { delay: 5 })
            await page.waitForTimeout(Math.random() * 1_500)
          }
        })()
        await expect
          .poll(async () => (await claimsOf(page)).saved, { timeout: 20_000 })
          .toContain(`round ${round}`)
        await page.waitForTimeout(Math.random() * 1_000)
        await ada.daemon.kill()
        const { saved: claimed, said } = await claimsOf(page)
        await typing
        await ada.destroy(page)
        const kept = await ada.daemon.text(id)
        const now = claimed.trimEnd()
        expect(kept.startsWith(now), `${JSON.stringify(kept)} must begin with ${JSON.stringify(now)}`).toBe(
          true,
        )
        expect(said.length).toBeGreaterThan(0)
        saved += now.length
        await ada.daemon.start()
      }
      console.log(`${KILLS} kills; ${saved} characters were shown as saved in all, each is in the export`)
      expect(ada.daemon.log).toBe('')
    },
    30_000 + KILLS * 15_000,
  )

  it('F13: is typed, and seconds later saved, when an fsync takes seconds', async () => {
    ada = new Person({ name: 'Ada Lovelace' })
    await ada.daemon.start()
    const { id } = await ada.daemon.create('Slow disk')
    await ada.daemon.stop()
    ada.daemon.env = { SHEAF_TEST_SYNC_DELAY: '3s' }
    await ada.daemon.start()
    const page = await ada.open(`/d/${id}`)
    await parts.text(page).click()
    await says(page, 'On this device')
    await noteClaims(page)
    await page.keyboard.press('x')
    const typed = await page.evaluate(() => performance.now())
    await says(page, 'Saving…', 1_000)
    await says(page, 'On this device')
    // What is noted lags what is shown by up to a frame.
    const lastSaved = async () =>
      (await claimsOf(page)).said.findLast(([, words]) => words === 'On this device')![0]
    await expect.poll(lastSaved).toBeGreaterThan(typed)
    const at = await lastSaved()
    const { said } = await claimsOf(page)
    expect(at - typed).toBeGreaterThan(2_900)
    expect(said.filter(([t, words]) => t > typed + 50 && words !== 'Saving…').length).toBe(1)
    // And nothing of it is true before: killed in time, the edit is gone, as it said.
    await page.keyboard.press('y')
    await says(page, 'Saving…', 1_000)
    ada.expected = CONNECTION
    await ada.daemon.kill()
    await says(page, 'Not saved')
    expect((await shownText(page)).trim()).toBe('xy')
    expect((await ada.daemon.text(id)).trim()).toBe('x')
    // The page still has it, and hands it in when the node is back.
    ada.daemon.env = {}
    await ada.daemon.start()
    await says(page, 'On this device')
    expect((await ada.daemon.text(id)).trim()).toBe('xy')
  })
})
