// run.mjs [--traces DIR] [--out FILE] [--works a,b] [--engines a,b] [--limit S]:
// gives the same work to several merge engines and to ours, each in a fresh
// process, one after the other in one run, and prints a table. What takes longer
// than S seconds is left out. `make bench-peers` builds what it needs first.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const { values: options } = parseArgs({
  options: {
    traces: { type: "string", default: join(root, "..", "shared", "traces") },
    out: { type: "string" },
    works: { type: "string" },
    engines: { type: "string" },
    limit: { type: "string", default: "20" },
  },
});
const limit = Number(options.limit);
const bench = join(root, "bin", "sheaf-bench");
const bin = (name) => join(root, "bin", name);
const version = (name) => JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"))).version;

const engines = [
  { name: "sheaf", version: "here", run: (dir, work) => child(bench, ["crdt", "--input", join(dir, work)]) },
  { name: "sheaf wasm", version: "here", run: (dir, work) => child(process.execPath, [wasmExec(), bin("sheaf-bench.wasm"), "crdt", "--input", join(dir, work)]) },
  peer("yjs", "yjs"),
  peer("ywasm", "ywasm"),
  peer("loro", "loro-crdt"),
  peer("diamond", "diamond-types-node"),
].filter((e) => !options.engines || options.engines.split(",").includes(e.name));

function peer(name, pkg) {
  return { name, version: version(pkg), run: (dir, work) => child(process.execPath, ["--expose-gc", join(here, "child.mjs"), name, work, dir, String(limit)]) };
}

function wasmExec() {
  return join(execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim(), "lib", "wasm", "wasm_exec_node.js");
}

// child runs one work and returns its result, or why there is none.
function child(command, args) {
  const out = spawnSync(command, args, { encoding: "utf8", timeout: limit * 1000, killSignal: "SIGKILL", maxBuffer: 1 << 26 });
  if (out.error?.code === "ETIMEDOUT") return { ok: false, error: `not done within ${limit} s`, not_done: true };
  const line = out.stdout.trim().split("\n").at(-1);
  try {
    return JSON.parse(line);
  } catch {
    const said = (out.stderr || out.stdout).trim().split("\n").at(-1);
    return { ok: false, error: said || `ended with ${out.status ?? out.signal}` };
  }
}

const ms = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

function cell(r, ours) {
  if (!r.ok) return r.not_done || r.skipped ? "–" : `**${r.error}**`;
  const ratio = ours?.ok && r !== ours ? ` (×${ms(r.cpu_ms_warm / ours.cpu_ms_warm)})` : "";
  return `${ms(r.cpu_ms_warm)}${ratio}`;
}

// Some works are not timed: what counts is the bytes they end in.
const ofSize = (r) => r.goal_of === "bytes";
const grouped = (n) => n.toLocaleString("en");
const sizeCell = (r) => (r.ok ? grouped(r.bytes) : r.not_done || r.skipped ? "–" : `**${r.error}**`);

function table(results) {
  const lines = [
    `| CPU ms, warm (times ours) | goal | ${engines.map((e) => (e.version === "here" ? e.name : `${e.name} ${e.version}`)).join(" | ")} |`,
    `|---|---|${engines.map(() => "---|").join("")}`,
  ];
  for (const { work, goal, by } of results.filter((r) => !ofSize(r)))
    lines.push(`| ${work} | ${goal ? `≤ ${goal}` : ""} | ${engines.map((e) => cell(by[e.name], by.sheaf)).join(" | ")} |`);
  for (const { work, goal, by } of results.filter(ofSize))
    lines.push(`| ${work}, bytes | ≤ ${grouped(goal)} | ${engines.map((e) => sizeCell(by[e.name])).join(" | ")} |`);
  const cold = (r) => (r.ok ? ms(r.cpu_ms_cold) : "–");
  for (const { work, goal_cold, by } of results.filter((r) => r.goal_cold))
    lines.push(`| ${work}, ms cold | ≤ ${goal_cold} | ${engines.map((e) => cold(by[e.name])).join(" | ")} |`);
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(2);
  const memory = (r) => (r.ok && r.retained_bytes > 0 ? mib(r.retained_bytes) : "–");
  for (const { work, goal_retained, by } of results.filter((r) => /load|local/.test(r.work)))
    lines.push(`| ${work}, MiB kept with the text | ${goal_retained ? `≤ ${mib(goal_retained)}` : ""} | ${engines.map((e) => memory(by[e.name])).join(" | ")} |`);
  return lines.join("\n");
}

function reasons(results) {
  const why = new Map();
  for (const { work, by } of results)
    for (const e of engines) {
      const r = by[e.name];
      if (!r.ok) why.set(`${e.name}: ${r.error}`, [...(why.get(`${e.name}: ${r.error}`) ?? []), work]);
    }
  return [...why].map(([text, works]) => `- – ${works.join(", ")} in ${text}`).join("\n");
}

const dir = mkdtempSync(join(tmpdir(), "bench-peers-"));
try {
  execFileSync(bench, ["crdt", "--inputs", dir, "--traces", options.traces], { stdio: ["ignore", "inherit", "inherit"] });
  // The inputs say nothing of goals; the list of works comes with them.
  const listed = JSON.parse(execFileSync(bench, ["crdt", "--list"], { encoding: "utf8" }));
  const here = listed.filter(({ work }) => !options.works || options.works.split(",").includes(work));
  const results = [];
  const size = { raw: statSync(bin("crdt.wasm")).size, gzip: gzipSync(readFileSync(bin("crdt.wasm")), { level: 9 }).length, goal: 1_000_000 };
  const machine = { platform: `${process.platform}/${process.arch}`, cpu: cpus()[0].model, cpus: cpus().length, node: process.version, time: new Date().toISOString() };
  const write = () => {
    const report = { machine, engines: engines.map(({ name, version }) => ({ name, version })), wasm_bytes: size, results };
    if (options.out) writeFileSync(options.out, JSON.stringify(report, null, 1) + "\n");
  };
  for (const { work, goal, goal_of, goal_cpu_ms_cold: goal_cold, goal_retained_bytes: goal_retained } of here) {
    const by = {};
    const known = statSync(join(dir, work), { throwIfNoEntry: false });
    for (const e of engines) {
      by[e.name] = known ? e.run(dir, work) : { ok: false, skipped: true, error: "has no input here" };
      console.error(`${work.padEnd(15)} ${e.name.padEnd(11)} ${by[e.name].ok ? ms(by[e.name].cpu_ms_warm) : by[e.name].error}`);
    }
    results.push({ work, goal, goal_of, goal_cold, goal_retained, by });
    write(); // so that a run that is broken off leaves what it has
  }
  console.log(table(results));
  console.log(`\ncrdt alone as WebAssembly: ${size.raw} bytes, ${size.gzip} with gzip (level 9 of Node's zlib; goal ≤ ${size.goal})\n`);
  console.log(reasons(results));
  const wrong = results.some(({ by }) => Object.entries(by).some(([name, r]) => name.startsWith("sheaf") && !r.ok && !r.skipped));
  process.exitCode = wrong ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
