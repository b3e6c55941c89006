import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/App'
import { takeInvitation } from './app/invitation'
import { applyTheme } from './app/theme'
import { installTrustedTypes } from './security/trusted'
import '@fontsource-variable/inter/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/ui.css'
import './styles/home.css'

installTrustedTypes()
applyTheme()
// The secret of a link must not stay in the address bar or the history.
const invitation = takeInvitation(window.location, window.history)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App invitation={invitation} />
  </StrictMode>,
)
