// gotest ARGS...: runs `go test -json ARGS`, prints one line a package and the
// whole output of what fails, and adds the counts to .cache/tally for the
// closing line of `make test`.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const child = spawn("go", ["test", "-json", ...process.argv.slice(2)], {
  stdio: ["ignore", "pipe", "inherit"],
});
const output = new Map(); // "package test" -> lines not printed yet
const count = { passed: 0, failed: 0, skipped: 0 };
const slow = [];

const keyOf = (e) => `${e.Package ?? e.ImportPath} ${e.Test ?? ""}`;
const take = (key) => {
  const text = (output.get(key) ?? []).join("");
  output.delete(key);
  return text;
};

for await (const line of createInterface({ input: child.stdout })) {
  let e;
  try {
    e = JSON.parse(line);
  } catch {
    console.log(line);
    continue;
  }
  const key = keyOf(e);
  switch (e.Action) {
    case "output":
    case "build-output":
      if (!output.has(key)) output.set(key, []);
      output.get(key).push(e.Output);
      break;
    case "build-fail":
      process.stdout.write(take(key));
      break;
    case "pass":
    case "skip":
      if (e.Test) {
        count[e.Action === "pass" ? "passed" : "skipped"]++;
        const text = take(key);
        if (e.Action === "skip") process.stdout.write(text);
        if (e.Elapsed > 20 && !e.Test.includes("/")) slow.push(`${e.Elapsed.toFixed(0)} s ${key}`);
      } else {
        process.stdout.write(lastLine(take(key)));
      }
      break;
    case "fail":
      if (e.Test) count.failed++;
      process.stdout.write(take(key));
      if (!e.Test) leftOver(e.Package);
      break;
  }
}

// leftOver prints what the tests of a package had said that never ended, as
// when the package panics.
function leftOver(pkg) {
  for (const key of [...output.keys()]) {
    if (key.startsWith(`${pkg} `)) process.stdout.write(take(key));
  }
}

// lastLine keeps go test's closing line of a package ("ok  	pkg	0.1s").
function lastLine(text) {
  const lines = text.split("\n").filter((l) => /^(ok|\?)\s/.test(l) && !l.includes("no test files"));
  return lines.map((l) => l + "\n").join("");
}

const status = await new Promise((resolve) => {
  if (child.exitCode !== null) resolve(child.exitCode);
  else child.on("close", (code) => resolve(code ?? 1));
});
if (status !== 0 && count.failed === 0) count.failed = 1; // a build failure, a panic
for (const line of slow) console.log(`slow: ${line}`);
mkdirSync(".cache/tally", { recursive: true });
writeFileSync(`.cache/tally/go-${process.pid}.json`, JSON.stringify(count));
process.exit(status);
