// tally DIR: adds up what the test runners counted (our own count of go test,
// vitest's JSON report) and prints the closing line.
import { readdirSync, readFileSync } from "node:fs";

const dir = process.argv[2];
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const name of readdirSync(dir)) {
  const c = JSON.parse(readFileSync(`${dir}/${name}`, "utf8"));
  sum.passed += c.passed ?? c.numPassedTests ?? 0;
  sum.failed += c.failed ?? c.numFailedTests ?? 0;
  sum.skipped += c.skipped ?? c.numPendingTests ?? 0;
}
console.log(`${sum.passed} passed, ${sum.failed} failed` + (sum.skipped ? `, ${sum.skipped} skipped` : ""));
