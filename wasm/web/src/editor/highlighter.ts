import { createLowlight } from 'lowlight'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import css from 'highlight.js/lib/languages/css'
import go from 'highlight.js/lib/languages/go'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import markdown from 'highlight.js/lib/languages/markdown'
import python from 'highlight.js/lib/languages/python'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

/** A run of one colour, in characters from the start of the block. */
export interface Piece {
  from: number
  to: number
  classes: string
}

/** Colours a text of a language; nothing for a language that it does not know. */
export type Highlighter = (language: string, text: string) => Piece[]

interface Tree {
  type: string
  value?: string
  properties?: { className?: string[] }
  children?: Tree[]
}

export function createHighlighter(): Highlighter {
  const lowlight = createLowlight({
    bash,
    c,
    css,
    go,
    java,
    javascript,
    json,
    markdown,
    python,
    rust,
    sql,
    typescript,
    xml,
    yaml,
  })
  return (language, text) => {
    if (!lowlight.registered(language)) return []
    const found: Piece[] = []
    walk(lowlight.highlight(language, text) as Tree, [], 0, found)
    return found
  }
}

function walk(node: Tree, classes: string[], from: number, found: Piece[]): number {
  if (node.type === 'text') {
    const to = from + (node.value?.length ?? 0)
    if (classes.length > 0 && to > from) found.push({ from, to, classes: classes.join(' ') })
    return to
  }
  const inner = [...classes, ...(node.properties?.className ?? [])]
  let at = from
  for (const child of node.children ?? []) at = walk(child, inner, at, found)
  return at
}
