// child.mjs ENGINE WORK DIR [SECONDS]: does one work with one engine and prints
// what it cost, as sheaf-bench does: processor time, the first run and the median
// of those after it, and what is kept in memory. What would not end within SECONDS
// is left out.
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

const [, , name, work, dir, seconds = "20"] = process.argv;
const engine = await import(`./engines/${name}.mjs`);
const input = readInput(join(dir, work));

// Which collection comes before a run changes what the run costs. With a full one V8
// throws away compiled code that refers to objects which are gone ("weak objects" in
// --trace-deopt), so that yjs takes up to ten times as long; memory that is not
// collected may cost an engine in WebAssembly more. So all are tried, and each engine
// is given the best; the full one last, for what it throws away.
const collections = {
  none: () => {},
  minor: () => gc({ type: "minor" }),
  full: () => gc(),
};

function timed(run, collect) {
  collect();
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

const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];

// warm returns the median of the runs after each kind of collection, the least of
// them; nothing if all take too long to be repeated.
function warm(run, cold) {
  let best;
  const began = Date.now();
  for (const [collection, collect] of Object.entries(collections)) {
    if (cold >= 8_000 || Date.now() - began > 4_000) break;
    const all = [];
    const since = Date.now();
    const spent = () => Date.now() - since;
    // Slow ones do with fewer runs.
    while (all.length < 5 ? all.length === 0 || spent() < 1_300 : spent() < 600 && all.length < 100)
      all.push(timed(run, collect)[1]);
    const ms = median(all);
    if (!best || ms < best.cpu_ms_warm) best = { cpu_ms_warm: ms, runs: all.length, collection };
  }
  return best;
}

// kept is the memory of one result, measured over several unless they take long. What
// is set up once is not part of it: the work was done before.
function kept(run, cold) {
  const n = Math.max(1, Math.min(10, Math.floor(3_000 / cold)));
  if (performance.now() + 1.5 * n * cold > Number(seconds) * 1000) return 0;
  const all = [];
  const before = inUse();
  for (let i = 0; i < n; i++) all.push(run().kept);
  const bytes = (inUse() - before) / n;
  return all.length === n ? Math.round(bytes) : 0;
}

try {
  const run = works[work](engine, input, (other) => readInput(join(dir, other)));
  const [out, cold] = timed(run, collections.minor);
  check(out.text());
  const result = { ok: true, cpu_ms_cold: cold, bytes: out.bytes };
  Object.assign(result, warm(run, cold) ?? { cpu_ms_warm: cold, runs: 0 }); // too slow to repeat
  if (/load|local/.test(work)) result.retained_bytes = kept(run, cold);
  console.log(JSON.stringify(result));
} catch (e) {
  console.log(JSON.stringify({ ok: false, not_done: e instanceof NotDone, error: String(e.message ?? e) }));
}
process.exit(0);
