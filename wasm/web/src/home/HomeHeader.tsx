import { Lock, Monitor, MonitorSmartphone, Moon, Settings2, Sun, User, WifiOff } from 'lucide-react'
import { useState } from 'react'
import { createPortal } from 'react-dom'
import { call, messageOf } from '../api/rpc'
import { currentTheme, setTheme, type Theme } from '../app/theme'
import { store, useApp } from '../app/store'
import { Menu, MenuChoices, MenuHeading, MenuItem, MenuLine, MenuSwitch } from '../ui/Menu'
import { toast } from '../ui/toast'
import { Logo } from './Logo'
import { lazily } from '../ui/lazily'

const DevicesDialog = lazily(() => import('../devices/DevicesDialog').then((m) => m.default))
const PassphraseDialog = lazily(() => import('../lock/PassphraseDialog').then((m) => m.default))

export function HomeHeader(props: { onProfile: () => void }) {
  const status = useApp((s) => s.status)
  const words =
    status === undefined
      ? ''
      : status.offline
        ? 'Working offline'
        : status.peers === 0
          ? 'No other device connected'
          : status.peers === 1
            ? '1 other device connected'
            : `${status.peers} other devices connected`
  return (
    <header className="home-head">
      <Logo />
      <p className="home-status" role="status">
        {status !== undefined && <span className="dot" data-tone={tone(status.offline, status.peers)} />}
        {words}
      </p>
      <SettingsMenu onProfile={props.onProfile} />
    </header>
  )
}

function tone(offline: boolean, peers: number): string {
  return offline ? 'offline' : peers > 0 ? 'good' : 'quiet'
}

/** Name, network and looks: the same menu on every page. */
export function SettingsMenu(props: { onProfile: () => void }) {
  const status = useApp((s) => s.status)
  const [theme, choose] = useState<Theme>(currentTheme)
  const [dialog, setDialog] = useState<'devices' | 'passphrase'>()
  return (
    <>
      <Menu
        align="end"
        trigger={
          <button type="button" className="icon-button" aria-label="Settings">
            <Settings2 aria-hidden="true" />
          </button>
        }
      >
        <MenuItem icon={<User />} onSelect={props.onProfile}>
          {status?.name ? status.name : 'Set your name'}
        </MenuItem>
        <MenuItem icon={<MonitorSmartphone />} onSelect={() => setDialog('devices')}>
          Your devices
        </MenuItem>
        <MenuItem icon={<Lock />} onSelect={() => setDialog('passphrase')}>
          Passphrase
        </MenuItem>
        <MenuSwitch
          icon={<WifiOff />}
          checked={status?.offline ?? false}
          onChange={(offline) => void setOffline(offline)}
        >
          Work offline
        </MenuSwitch>
        <MenuLine />
        <MenuHeading>Appearance</MenuHeading>
        <MenuChoices
          label="Appearance"
          value={theme}
          choices={[
            { value: 'system', label: <Look icon={<Monitor />}>As the system</Look> },
            { value: 'light', label: <Look icon={<Sun />}>Light</Look> },
            { value: 'dark', label: <Look icon={<Moon />}>Dark</Look> },
          ]}
          onChoose={(value) => {
            choose(value as Theme)
            setTheme(value as Theme)
          }}
        />
      </Menu>
      {dialog !== undefined &&
        createPortal(
          <>
            {dialog === 'devices' ? (
              <DevicesDialog onClose={() => setDialog(undefined)} />
            ) : (
              <PassphraseDialog onClose={() => setDialog(undefined)} />
            )}
          </>,
          document.body,
        )}
    </>
  )
}

function Look(props: { icon: React.ReactNode; children: string }) {
  return (
    <span className="look">
      {props.icon} {props.children}
    </span>
  )
}

/** Turns this device's network on or off; edits go on either way. */
export async function setOffline(offline: boolean): Promise<void> {
  try {
    store.putStatus(await call('network.set', { offline }))
  } catch (error) {
    toast(messageOf(error), { tone: 'problem' })
  }
}
