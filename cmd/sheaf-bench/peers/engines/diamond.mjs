// The primitives that works.mjs is written in, for npm diamond-types-node.
// Positions are characters there; the histories it is given have no others.
import { Doc } from "diamond-types-node";

const listeners = new WeakMap();

export const create = (client) => new Doc(`agent${client}`);
export function edit(doc, edits) {
  const listener = listeners.get(doc);
  const before = listener && doc.getLocalVersion();
  for (const [pos, del, insert] of edits) {
    if (del > 0) doc.del(pos, del);
    if (insert !== "") doc.ins(pos, insert);
  }
  if (listener) listener(doc.getPatchSince(before));
}
export function onUpdate(doc, f) {
  listeners.set(doc, f);
  return () => listeners.delete(doc);
}
export const apply = (doc, update) => doc.mergeBytes(update);
export const state = (doc) => doc.toBytes();
export const rest = state; // compressed; it has no other
export const text = (doc) => doc.get();
