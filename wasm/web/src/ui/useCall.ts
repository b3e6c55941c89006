import { useCallback, useEffect, useRef, useState } from 'react'
import { call, messageOf } from '../api/rpc'
import type { Methods } from '../api/types'

/** What a method of the node answers, with a way to ask again. */
export interface Called<T> {
  answer: T | undefined
  problem: string | undefined
  again: () => void
}

/** Asks the node when first drawn, and again when asked to or every `everyMs`. */
export function useCall<M extends keyof Methods>(
  method: M,
  request: Methods[M]['request'],
  everyMs = 0,
): Called<Methods[M]['answer']> {
  const [answer, setAnswer] = useState<Methods[M]['answer']>()
  const [problem, setProblem] = useState<string>()
  const body = JSON.stringify(request)
  const newest = useRef(0)
  const again = useCallback(() => {
    const turn = ++newest.current
    call(method, JSON.parse(body) as Methods[M]['request']).then(
      (value) => {
        if (turn !== newest.current) return
        setAnswer(value)
        setProblem(undefined)
      },
      (error: unknown) => turn === newest.current && setProblem(messageOf(error)),
    )
  }, [method, body])
  useEffect(() => {
    again()
    const timer = everyMs > 0 ? window.setInterval(again, everyMs) : undefined
    return () => {
      newest.current++
      window.clearInterval(timer)
    }
  }, [again, everyMs])
  return { answer, problem, again }
}

/** Runs one change at a time and keeps what went wrong, for the reader. */
export function useAction(): {
  busy: boolean
  problem: string | undefined
  run: (work: () => Promise<void>) => void
} {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const run = useCallback((work: () => Promise<void>) => {
    setBusy(true)
    setProblem(undefined)
    work()
      .catch((error: unknown) => setProblem(messageOf(error)))
      .finally(() => setBusy(false))
  }, [])
  return { busy, problem, run }
}
