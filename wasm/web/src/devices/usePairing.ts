import { useEffect, useState } from 'react'
import type { Pairing } from '../api/types'
import { store } from '../app/store'

/** How pairing stands, as the node tells it since this was first drawn. */
export function usePairing(role: Pairing['role']): Pairing | undefined {
  const [pairing, setPairing] = useState<Pairing>()
  useEffect(() => store.onPairing((p) => p.role === role && setPairing(p)), [role])
  return pairing
}
