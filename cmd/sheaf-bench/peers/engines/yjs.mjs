// The primitives that works.mjs is written in, for npm yjs.
import * as Y from "yjs";

export const shares = "yjs"; // takes Yjs's updates

export function create(client) {
  const doc = new Y.Doc();
  doc.clientID = client;
  return doc;
}
export function edit(doc, edits) {
  const text = doc.getText("text");
  doc.transact(() => {
    for (const [pos, del, insert] of edits) {
      if (del > 0) text.delete(pos, del);
      if (insert !== "") text.insert(pos, insert);
    }
  });
}
export function onUpdate(doc, f) {
  doc.on("update", f);
  return () => doc.off("update", f);
}
export const apply = (doc, update, format) =>
  format === 2 ? Y.applyUpdateV2(doc, update) : Y.applyUpdate(doc, update);
export const state = (doc, format) => (format === 2 ? Y.encodeStateAsUpdateV2(doc) : Y.encodeStateAsUpdate(doc));
export const text = (doc) => doc.getText("text").toString();
export const merge = (updates) => Y.mergeUpdates(updates);
