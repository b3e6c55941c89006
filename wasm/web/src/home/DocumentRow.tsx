import { FileText, MoreVertical, Pencil, RotateCcw, Trash2, Users } from 'lucide-react'
import type { DocumentInfo } from '../api/types'
import { go } from '../app/router'
import { whenWords } from '../app/when'
import { Menu, MenuItem } from '../ui/Menu'
import { follow } from './Home'
import { whereWords } from './where'

/** One document: title, when it changed, where it is kept, how many people. */
export function DocumentRow(props: {
  document: DocumentInfo
  onRename: () => void
  onTrash: (away: boolean) => void
}) {
  const d = props.document
  const title = d.title.trim() === '' ? 'Untitled document' : d.title
  const people = 1 + new Set(d.others.map((o) => o.name || o.device)).size
  return (
    <li className="document-row">
      <a
        className="document-link"
        href={`/d/${d.id}`}
        onClick={(event) => follow(event, () => go({ page: 'document', id: d.id }))}
      >
        <span className="document-icon" aria-hidden="true">
          <FileText />
        </span>
        <span className="document-title">{title}</span>
        <span className="document-where">{whereWords(d)}</span>
        <span className="document-people">
          {people > 1 && (
            <>
              <Users aria-hidden="true" />
              <span>
                {people} <span className="visually-hidden">people</span>
              </span>
            </>
          )}
        </span>
        <time className="document-when" dateTime={new Date(d.updatedAt).toISOString()}>
          {whenWords(d.updatedAt)}
        </time>
      </a>
      <Menu
        align="end"
        trigger={
          <button type="button" className="icon-button" aria-label={`More for ${title}`}>
            <MoreVertical aria-hidden="true" />
          </button>
        }
      >
        {d.trashed ? (
          <MenuItem icon={<RotateCcw />} onSelect={() => props.onTrash(false)}>
            Take out of the trash
          </MenuItem>
        ) : (
          <>
            <MenuItem icon={<Pencil />} onSelect={props.onRename}>
              Rename
            </MenuItem>
            <MenuItem icon={<Trash2 />} onSelect={() => props.onTrash(true)}>
              Move to trash
            </MenuItem>
          </>
        )}
      </Menu>
    </li>
  )
}
