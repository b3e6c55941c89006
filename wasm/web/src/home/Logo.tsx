import { go } from '../app/router'
import icon from '../app/icon.svg'
import { follow } from './Home'

export function Logo(props: { bare?: boolean }) {
  return (
    <a
      className="logo"
      href="/"
      aria-label="Sheaf, all documents"
      onClick={(event) => follow(event, () => go({ page: 'home' }))}
    >
      <img src={icon} alt="" width={28} height={28} />
      {props.bare !== true && <span>Sheaf</span>}
    </a>
  )
}
