import { Schema } from '@tiptap/pm/model'
import { EditorState, TextSelection } from '@tiptap/pm/state'
import { describe, expect, it } from 'vitest'
import { matching, nameBegun } from './Composer'
import { passageAt, plainText, quoteOf, rangeOfQuote, wordAt } from './anchors'
import { mentionedIn } from './threads'

const schema = new Schema({
  nodes: {
    doc: { content: 'paragraph+' },
    paragraph: { content: 'text*', toDOM: () => ['p', 0] },
    text: {},
  },
})

function state(paragraphs: string[], from: number, to = from): EditorState {
  const doc = schema.node(
    'doc',
    null,
    paragraphs.map((p) => schema.node('paragraph', null, p === '' ? [] : [schema.text(p)])),
  )
  return EditorState.create({ doc, selection: TextSelection.create(doc, from, to) })
}

describe('the passage of a new comment', () => {
  it('is what is selected, without the borders of blocks', () => {
    expect(passageAt(state(['one two', 'three'], 1, 4))).toEqual({ from: 1, to: 4 })
    expect(passageAt(state(['one two', 'three'], 8, 11))).toEqual({ from: 10, to: 11 })
    expect(passageAt(state(['one', ''], 2, 6))).toEqual({ from: 2, to: 4 })
  })
  it('is the word of the caret, else its paragraph, else nothing', () => {
    expect(passageAt(state(["Ada's café. "], 3))).toEqual({ from: 1, to: 6 })
    expect(passageAt(state(['one, - two'], 7))).toEqual({ from: 6, to: 7 })
    expect(passageAt(state(['one  .'], 6))).toEqual({ from: 1, to: 7 })
    expect(passageAt(state(['', 'x'], 1))).toBeUndefined()
  })
  it('is quoted in short', () => {
    expect(quoteOf(state(['one', 'two'], 1).doc, { from: 2, to: 8 })).toBe('ne tw')
    const long = quoteOf(state(['😀'.repeat(900)], 1).doc, { from: 1, to: 1801 })
    expect([...long]).toHaveLength(240)
    expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(1024)
  })
})

describe('a passage that lost its anchor', () => {
  const found = (paragraphs: string[], quote: string) =>
    rangeOfQuote(plainText(state(paragraphs, 1).doc), quote)
  it('is found by its words where they stand once', () => {
    expect(found(['one two', 'three four'], 'three f')).toEqual({ from: 10, to: 17 })
    expect(found(['one two', 'three four'], 'two three')).toEqual({ from: 5, to: 15 })
    expect(found(['one two', 'three four'], 'three fo…')).toEqual({ from: 10, to: 18 })
  })
  it('is not guessed at', () => {
    expect(found(['three four', 'three four'], 'three f')).toBeUndefined()
    expect(found(['one two'], 'two')).toBeUndefined()
    expect(found(['one two'], 'not there')).toBeUndefined()
  })
})

describe('words and names', () => {
  it('finds the word at an offset', () => {
    expect(wordAt('a bc', 3)).toEqual({ from: 2, to: 4 })
    expect(wordAt('a  b', 2)).toBeUndefined()
  })
  it('sees that a name is begun', () => {
    expect(nameBegun('Hello @Ad')).toBe('Ad')
    expect(nameBegun('@')).toBe('')
    expect(nameBegun('mail me at a@b')).toBeUndefined()
    expect(nameBegun('@Ada\nno')).toBeUndefined()
  })
  it('offers whom the letters may mean', () => {
    const people = ['Ada Lovelace', 'Bob Noyce', 'Éva Ada'].map((name) => ({ user: name, name }))
    expect(matching(people, 'ad').map((p) => p.name)).toEqual(['Ada Lovelace', 'Éva Ada'])
    expect(matching(people, 'éV').map((p) => p.name)).toEqual(['Éva Ada'])
  })
  it('mentions those still named when it is sent, each once and in order', () => {
    const named = ['b', 'a', 'b', 'c'].map((user) => ({ user, name: user.toUpperCase() }))
    expect(mentionedIn('@B and @A', named)).toEqual(['a', 'b'])
  })
})
