import { Check, Copy } from 'lucide-react'
import { useEffect, useId, useState } from 'react'

/** A value to be copied. `value` is undefined while it is on its way. */
export function CopyField(props: {
  label: string
  value: string | undefined
  waiting?: string
  primary?: boolean
}) {
  const [copied, setCopied] = useState(false)
  const field = useId()
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2_000)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <div className="copy">
      <label htmlFor={field}>{props.label}</label>
      <div className="copy-row">
        <input
          id={field}
          className="field"
          readOnly
          value={props.value ?? props.waiting ?? ''}
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button"
          data-first={props.primary || undefined}
          className={props.primary === true ? 'button button-primary' : 'button'}
          disabled={props.value === undefined}
          onClick={() => void copy(field, props.value!).then(setCopied)}
        >
          {copied ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
          <span aria-live="polite">{copied ? 'Copied' : 'Copy'}</span>
          <span className="visually-hidden"> {props.label}</span>
        </button>
      </div>
    </div>
  )
}

/** Copies; where the clipboard is forbidden, selects the text for the reader to copy. */
async function copy(field: string, value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value)
    return true
  } catch {
    const input = document.getElementById(field) as HTMLInputElement | null
    input?.focus()
    input?.select()
    return false
  }
}
