// The primitives that works.mjs is written in, for npm loro-crdt.
import { LoroDoc } from "loro-crdt";

export function create(client) {
  const doc = new LoroDoc();
  doc.setPeerId(String(client));
  return doc;
}
export function edit(doc, edits) {
  const text = doc.getText("text");
  for (const [pos, del, insert] of edits) {
    if (del > 0) text.delete(pos, del);
    if (insert !== "") text.insert(pos, insert);
  }
  doc.commit();
}
export const onUpdate = (doc, f) => doc.subscribeLocalUpdates(f);
export const apply = (doc, update) => doc.import(update);
export const state = (doc) => doc.export({ mode: "snapshot" });
// Without what came before: neither do the others keep what was deleted.
export const rest = (doc) => doc.export({ mode: "shallow-snapshot", frontiers: doc.oplogFrontiers() });
export const text = (doc) => doc.getText("text").toString();
