import { describe, expect, it } from 'vitest'
import { readTextStyle, renameAttributes } from './attributes'

describe('renaming attributes', () => {
  it.each([
    ['<p style="a">x</p>', '<p data-style="a">x</p>'],
    ["<p STYLE='a' OnClick=b>x", "<p data-style='a' data-off-click=b>x"],
    ['<img src=x onerror=alert(1)>', '<img src=x data-off-error=alert(1)>'],
    ['<img/onload=x/style=y>', '<img/data-off-load=x/style=y>'],
    ['<p title="style=1 onclick=2>" style=z>', '<p title="style=1 onclick=2>" data-style=z>'],
    ['a < b style="x"', 'a < b style="x"'],
    ['<p style', '<p data-style'],
    ['<p style = "x', '<p data-style = "x'],
    ['<p data-style="a" class="on">', '<p data-style="a" class="on">'],
    ['</p style="x"><!-- <p style="x"> -->', '</p style="x"><!-- <p data-style="x"> -->'],
    ['<p =style="x">', '<p =style="x">'],
    ['a<style>p{}</STYLE >b<script src=x>if (a</b) c</script>d', 'abd'],
    ['a<style>never closed', 'a'],
    ['', ''],
    ['<', '<'],
  ])('%s', (html, want) => {
    expect(renameAttributes(html)).toBe(want)
  })

  it('keeps everything else as it is, and takes time in proportion to the length', () => {
    const html = '<table><tr><td colspan="2">a &amp; b</td></tr></table>\n'.repeat(20_000)
    const start = performance.now()
    expect(renameAttributes(html)).toBe(html)
    expect(performance.now() - start).toBeLessThan(2_000)
  })
})

describe('reading styles', () => {
  it.each([
    ['font-weight: 700; color: red', { bold: true, italic: undefined, strike: undefined }],
    ['FONT-WEIGHT:normal;font-style:italic', { bold: false, italic: true, strike: undefined }],
    ['text-decoration: underline line-through', { bold: undefined, italic: undefined, strike: true }],
    ['margin:0;;nonsense', { bold: undefined, italic: undefined, strike: undefined }],
  ])('%s', (style, want) => {
    expect(readTextStyle(style)).toEqual(want)
  })
})
