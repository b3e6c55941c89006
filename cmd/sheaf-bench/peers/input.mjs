// Reads the inputs that `sheaf-bench crdt --inputs DIR` writes: a header in
// JSON and updates, each with its length (4 bytes, little endian) before it.
import { readFileSync } from "node:fs";

export function readInput(path) {
  const file = readFileSync(path);
  let at = 0;
  const part = () => {
    const n = file.readUInt32LE(at);
    at += 4 + n;
    return file.subarray(at - n, at);
  };
  const input = JSON.parse(part().toString("utf8"));
  input.updates = Array.from({ length: input.numUpdates }, () => new Uint8Array(part()));
  return input;
}
