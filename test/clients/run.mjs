// Real clients against the embedded hub: makes a virtual environment per pinned version of the Python client, lets every
// client do all it can, and prints what works and what each shows when it is refused.
// Exit 0 all work, 1 something failed, 3 no package index could be reached (some clients were not tested).
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { prepare, startHub } from './hub.mjs';
import { matrix, readReports, refusals } from './table.mjs';

const PYTHONS = [
  ['huggingface_hub==2.4.0', 'hf-xet==1.8.0', 'pandas==3.1.1', 'pyarrow==26.0.1'],
  ['huggingface_hub==1.33.0', 'hf-xet==1.6.0'],
];
const PATIENCE = ['--retries', '1', '--timeout', '15'];
const INSTALL_MS = 480_000;
const NO_INDEX = 3;
const PHASES = ['write', 'read', 'denied'];
const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const { version } = JSON.parse(
  readFileSync(join(root, 'node_modules/@huggingface/hub/package.json'), 'utf8'),
);
const node = { name: `js-${version}`, program: process.execPath, script: 'javascript.mjs' };

const scratch = mkdtempSync(join(tmpdir(), 'collab-clients-'));
process.exitCode = await main();
rmSync(scratch, { recursive: true, force: true });

async function main() {
  const pythons = await Promise.all(
    PYTHONS.map(async (packages) => ({ packages, program: await virtualEnvironment(packages) })),
  );
  const clients = [node, ...pythons.filter(({ program }) => program).flatMap(clientsOf)];
  const hub = await startHub(root, scratch);
  try {
    await prepare(hub.url);
    for (const phase of PHASES) for (const client of clients) await run(client, phase, hub.url);
  } finally {
    await hub.stop();
  }
  return report(clients, pythons);
}

function clientsOf({ packages, program }, i) {
  const name = packages[0].split('==')[1];
  const first = [
    { name: 'software', program, script: 'software.py' },
    { name: 'curl', program },
  ];
  return [
    { name: `py-${name}`, program, script: 'api.py' },
    { name: `hf-${name}`, program, script: 'cli.py' },
    ...(i === 0 ? first : []),
  ];
}

function report(clients, pythons) {
  const rows = readReports(
    scratch,
    clients.map(({ name }) => name),
    PHASES,
  );
  const names = (kind) =>
    clients.map(({ name }) => name).filter((name) => rows.some((r) => r.client === name && r.kind === kind));
  console.log(`\nWhat works\n\n${matrix(rows, names('works')).join('\n')}`);
  console.log(
    `\nWhat is refused, and what the client shows\n\n${refusals(rows, names('denied')).join('\n')}`,
  );
  const failed = rows.filter((row) => row.outcome !== 'ok');
  console.log(
    `\n${rows.length - failed.length} of ${rows.length} operations as they should be, ${clients.length} clients`,
  );
  const lost = clients.flatMap((client) => client.lost ?? []);
  for (const text of lost) console.log(text);
  if (failed.length > 0 || lost.length > 0) return 1;
  return pythons.some(({ program }) => program === null) ? NO_INDEX : 0;
}

/** One client, one phase, in a process of its own; a crash without a report counts as a failure. */
async function run(client, phase, url) {
  const script = phase === 'denied' && client !== node ? 'denied.py' : client.script;
  if (!script || (phase === 'denied' && client.name === 'software')) return;
  const home = join(scratch, `home-${client.name}`);
  mkdirSync(home, { recursive: true });
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    HF_HOME: join(home, 'hf'),
    HF_ENDPOINT: url,
    HF_TOKEN: 'hf_organizer',
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_VERBOSITY: 'error',
    HF_HUB_ETAG_TIMEOUT: '60',
    HF_HUB_DOWNLOAD_TIMEOUT: '60',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONWARNINGS: 'ignore',
  };
  const args = [join(here, script), url, scratch, client.name, phase];
  const child = spawn(client.program, args, { cwd: home, env, stdio: 'inherit' });
  await new Promise((resolve) => child.once('exit', resolve));
  if (!existsSync(join(scratch, `report-${client.name}-${phase}.json`)))
    client.lost = [...(client.lost ?? []), `FAILED: ${client.name} ended without a report (${phase})`];
}

/** Path of a Python that has the packages; `null` after saying that they cannot be had. */
async function virtualEnvironment(packages) {
  const dir = join(root, '.cache', `clients-${packages.join('-').replace(/[^\w.]+/g, '-')}`);
  const python = join(dir, 'bin/python');
  if (existsSync(join(dir, 'complete'))) return python;
  rmSync(dir, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...PATIENCE, ...packages];
  try {
    await promisify(execFile)('python3', ['-m', 'venv', dir], { timeout: INSTALL_MS });
    await promisify(execFile)(python, pip, { timeout: INSTALL_MS });
    writeFileSync(join(dir, 'complete'), '');
    return python;
  } catch (error) {
    const said = (error.stderr || error.stdout || error.message).trim().split('\n').at(-1);
    const why = error.killed ? `it did not end within ${INSTALL_MS / 1000} s` : said;
    console.log(`NOT RUN: ${packages.join(' ')} could not be installed: ${why}`);
    return null;
  }
}
