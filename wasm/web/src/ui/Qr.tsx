import qrcode from 'qrcode-generator'
import { useMemo } from 'react'

/** Modules of quiet ground around the code, as the standard asks. */
const QUIET = 4

/** A text as a QR code, always dark on light, so that every camera reads it. */
export function Qr({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => draw(text), [text])
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`}>
      <rect className="qr-ground" width={size} height={size} />
      <path className="qr-ink" d={path} />
    </svg>
  )
}

function draw(text: string): { path: string; size: number } {
  const code = qrcode(0, 'L')
  code.addData(text)
  code.make()
  const count = code.getModuleCount()
  let path = ''
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`
    }
  }
  return { path, size: count + 2 * QUIET }
}
