/** What of comments is fetched when the text stands already: nobody waits for it to type. */
export { Comments } from './Comments'
export { CommentsPanel } from './Panel'
