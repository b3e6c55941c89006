const MAC = typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.platform)

/** A shortcut as this system writes it: "Mod-Shift-7" → "⌘⇧7" or "Ctrl+Shift+7". */
export function keysFor(shortcut: string, mac: boolean = MAC): string {
  const parts = shortcut.split('-')
  if (mac) {
    const signs: Record<string, string> = { Mod: '⌘', Shift: '⇧', Alt: '⌥' }
    return parts.map((p) => signs[p] ?? p.toUpperCase()).join('')
  }
  return parts.map((p) => (p === 'Mod' ? 'Ctrl' : p.length === 1 ? p.toUpperCase() : p)).join('+')
}
