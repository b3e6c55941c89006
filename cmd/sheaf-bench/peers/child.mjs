// child.mjs ENGINE WORK DIR: does one work with one engine and prints what it
// cost, as sheaf-bench does: processor time, the first run and the median of
// those after it, and what is kept in memory.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readInput } from "./input.mjs";
import { agrees, NotDone, works } from "./works.mjs";

// WebAssembly's memory does not show up in the heap.
const memories = [];
const Instance = WebAssembly.Instance;
WebAssembly.Instance = function (...args) {
  const instance = new Instance(...args);
  if (instance.exports.memory) memories.push(instance.exports.memory);
  return instance;
};
const inUse = () => {
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers + memories.reduce((n, m) => n + m.buffer.byteLength, 0);
};

const [, , name, work, dir] = process.argv;
const engine = await import(`./engines/${name}.mjs`);
const input = readInput(join(dir, work));

function timed(run) {
  gc();
  const before = process.cpuUsage();
  const out = run();
  const { user, system } = process.cpuUsage(before);
  return [out, (user + system) / 1000];
}

function check(text) {
  if (!agrees(engine, work)) return;
  if (input.text !== undefined && text !== input.text) throw new Error("the text is wrong");
  if (input.textSha256 && createHash("sha256").update(text).digest("hex") !== input.textSha256)
    throw new Error("the text is wrong");
}

// kept is the memory of one result, measured over several.
function kept(run) {
  const all = [run()]; // what is set up once is not part of it
  const before = inUse();
  const n = 10;
  for (let i = 0; i < n; i++) all.push(run());
  const bytes = (inUse() - before) / n;
  return all.length > n ? Math.round(bytes) : 0;
}

try {
  const run = works[work](engine, input, (other) => readInput(join(dir, other)));
  const [out, cold] = timed(run);
  check(out.text());
  const result = { ok: true, cpu_ms_cold: cold, bytes: out.bytes };
  const warm = [];
  const began = Date.now();
  const spent = () => Date.now() - began;
  const slow = () => spent() > 4_000; // then fewer runs must do
  while (cold < 8_000 && (warm.length < 5 ? !slow() : spent() < 1500 && warm.length < 200)) warm.push(timed(run)[1]);
  warm.sort((a, b) => a - b);
  result.cpu_ms_warm = warm.length > 0 ? warm[warm.length >> 1] : cold; // too slow to repeat
  result.runs = warm.length;
  if (/load/.test(work)) result.retained_bytes = kept(() => run().kept);
  console.log(JSON.stringify(result));
} catch (e) {
  console.log(JSON.stringify({ ok: false, not_done: e instanceof NotDone, error: String(e.message ?? e) }));
}
process.exit(0);
