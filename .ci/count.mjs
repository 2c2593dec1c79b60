// Closing lines of .ci/run: every failed or retried test by name with the first line of what it said, the ten slowest,
// then the totals over vitest's JSON reports and the clients' log in a folder.
// Exit code 1 when anything failed or nothing ran.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [folder = '.', steps = '0'] = process.argv.slice(2);
const failedSteps = Number(steps);
const read = (name) => readFileSync(join(folder, name), 'utf8');
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(read(name)));
const sum = (list, pick) => list.reduce((total, item) => total + pick(item), 0);

// `12 of 13 operations as they should be, 7 clients`.
const log = existsSync(join(folder, 'clients.log')) ? read('clients.log') : '';
const clients = [...log.matchAll(/^(\d+) of (\d+) operations as they should be/gm)].map(
  ([, worked, all]) => ({
    worked: Number(worked),
    all: Number(all),
  }),
);

// A file that does not load has no failed test of its own but is a failure all the same.
const broken = (file) =>
  file.status === 'failed' && file.assertionResults.every((a) => a.status !== 'failed');
const firstLine = (text) => (text ?? '').split('\n', 1)[0];
for (const file of reports.flatMap((r) => r.testResults)) {
  const where = relative(process.cwd(), file.name);
  if (broken(file)) console.log(`failed: ${where}: ${firstLine(file.message)}`);
  for (const test of file.assertionResults) {
    const said = `${where}: ${test.fullName}: ${firstLine(test.failureMessages[0])}`;
    if (test.status === 'failed') console.log(`failed: ${said}`);
    else if (test.failureMessages.length > 0) console.log(`passed at the second try: ${said}`);
  }
}

const tests = reports.flatMap((r) =>
  r.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: relative(process.cwd(), file.name) })),
  ),
);
const slowest = tests.sort((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, 10);
for (const { duration, file, title } of slowest)
  console.log(`slowest: ${((duration ?? 0) / 1000).toFixed(1)} s ${file}: ${title}`);

const passed = sum(reports, (r) => r.numPassedTests) + sum(clients, (c) => c.worked);
const skipped = sum(reports, (r) => r.numPendingTests + (r.numTodoTests ?? 0));
const failedTests =
  sum(reports, (r) => r.numFailedTests + r.testResults.filter(broken).length) +
  sum(clients, (c) => c.all - c.worked);
// A step that is no suite (build, types, lint) counts as one failure: the last line never says 0 after a failure.
const failed = Math.max(failedTests, failedSteps);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
