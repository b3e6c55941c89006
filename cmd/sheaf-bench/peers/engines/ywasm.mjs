// The primitives that works.mjs is written in, for npm ywasm (yrs, in Rust).
import Y from "ywasm";

export const shares = "yjs"; // takes Yjs's updates

export const create = (client) => new Y.YDoc({ clientID: client });
export function edit(doc, edits) {
  const text = doc.getText("text");
  const txn = doc.beginTransaction();
  for (const [pos, del, insert] of edits) {
    if (del > 0) text.delete(pos, del, txn);
    if (insert !== "") text.insert(pos, insert, undefined, txn);
  }
  txn.free(); // commits
}
export function onUpdate(doc, f) {
  const observer = doc.onUpdate((update) => f(update));
  return () => observer.free();
}
export const apply = (doc, update, format) =>
  format === 2 ? Y.applyUpdateV2(doc, update, null) : Y.applyUpdate(doc, update, null);
export const state = (doc, format) => (format === 2 ? Y.encodeStateAsUpdateV2(doc) : Y.encodeStateAsUpdate(doc));
export const text = (doc) => doc.getText("text").toString();
