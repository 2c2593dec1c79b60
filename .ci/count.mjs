// Last line of .ci/run: totals over vitest's JSON reports in a folder. Exit code 1 when anything failed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, failedSteps] = [process.argv[2], Number(process.argv[3])];
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = (pick) => reports.reduce((total, report) => total + pick(report), 0);
const passed = sum((r) => r.numPassedTests);
const skipped = sum((r) => r.numPendingTests + (r.numTodoTests ?? 0));
// A file that does not load has no test of its own but is a failure all the same.
const broken = sum(
  (r) =>
    r.testResults.filter(
      (t) => t.status === 'failed' && t.assertionResults.every((a) => a.status !== 'failed'),
    ).length,
);
const failedTests = sum((r) => r.numFailedTests) + broken;
const failed = failedTests === 0 ? failedSteps : failedTests;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
