// Yjs remembers places in a text, its search markers, and moves them with each
// edit. A deletion in a text passes over values that do not belong there, which
// no editor puts there, and Yjs then leaves the places among and right behind
// them where they were: what an index means from then on depends on what was
// looked up before, until another replica's edit clears the places. crdt counts.
// So here Yjs is made to forget its places after such a deletion.
import * as Y from 'yjs'

for (const name of ['delete', 'applyDelta']) {
  const edit = Y.Text.prototype[name]
  Y.Text.prototype[name] = function (...args) {
    edit.apply(this, args)
    // A text with formats remembers no places.
    if (this._searchMarker?.length > 0 && Y.getTypeChildren(this).some(passedOver)) this._searchMarker.length = 0
  }
}

const belonging = [Y.ContentString, Y.ContentEmbed, Y.ContentType]

const passedOver = (item) => !item.deleted && item.countable && !belonging.includes(item.content.constructor)

// Nor does Yjs consider formats when it looks for a place, so a type remembers
// none from its first format on. It does again if it is a root that is defined
// only then.
export function withoutPlaces(type) {
  const formatted = Y.getTypeChildren(type).some((item) => item.content instanceof Y.ContentFormat)
  if (formatted && type._searchMarker) type._searchMarker = null
}
