// Real clients against the embedded hub: makes a virtual environment per pinned client version and runs run.py in it.
// Exit 0 all work, 1 something failed, 3 no package index could be reached (nothing was tested).
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createRepo, uploadFiles } from '@huggingface/hub';

const CLIENTS = [
  ['huggingface_hub==2.4.0', 'hf-xet==1.8.0'],
  ['huggingface_hub==1.33.0', 'hf-xet==1.6.0'],
];
const PATIENCE = ['--retries', '1', '--timeout', '15'];
const NO_INDEX = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));

const SEED = {
  users: [
    { name: 'organizer', token: 'hf_organizer', pro: true },
    { name: 'participant-1', token: 'hf_one' },
    { name: 'participant-2', token: 'hf_two' },
    { name: 'reader', token: 'hf_reader' },
    { name: 'server', token: 'hf_server' },
    { name: 'outsider', token: 'hf_outsider' },
  ],
  orgs: [
    {
      name: 'acme',
      plan: 'team',
      members: [
        { user: 'organizer', role: 'admin' },
        { user: 'server', role: 'write' },
        { user: 'participant-1', role: 'contributor' },
        { user: 'participant-2', role: 'contributor' },
        { user: 'reader', role: 'read' },
      ],
    },
    { name: 'poor', credits: 0, members: [{ user: 'organizer', role: 'admin' }] },
  ],
};

const codes = [];
for (const packages of CLIENTS) codes.push(await testClient(packages));
process.exitCode = codes.find((code) => code !== 0 && code !== NO_INDEX) ?? Math.max(...codes);

async function testClient(packages) {
  const python = virtualEnvironment(packages);
  if (python === null) return NO_INDEX;
  const scratch = mkdtempSync(join(tmpdir(), 'collab-clients-'));
  const hub = await startHub(scratch);
  try {
    await uploadByJavaScript(hub.url, scratch);
    return await runPython(python, hub.url, scratch);
  } finally {
    hub.process.kill('SIGTERM');
    await hub.exited;
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Path of a Python that has the packages; `null` after saying that they cannot be had. */
function virtualEnvironment(packages) {
  const dir = join(root, '.cache', `clients-${packages.join('-').replace(/[^\w.]+/g, '-')}`);
  const python = join(dir, 'bin/python');
  if (existsSync(join(dir, 'complete'))) return python;
  rmSync(dir, { recursive: true, force: true });
  const made = spawnSync('python3', ['-m', 'venv', dir], { encoding: 'utf8' });
  const installed =
    made.status === 0 &&
    spawnSync(
      python,
      ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...PATIENCE, ...packages],
      {
        encoding: 'utf8',
        timeout: 180_000,
      },
    );
  if (installed && installed.status === 0) {
    writeFileSync(join(dir, 'complete'), '');
    return python;
  }
  const why = (installed ? installed.stderr : made.stderr || String(made.error)).trim().split('\n').at(-1);
  console.log(`NOT RUN: ${packages.join(' ')} could not be installed: ${why}`);
  return null;
}

async function startHub(scratch) {
  const seed = join(scratch, 'seed.yaml');
  writeFileSync(seed, JSON.stringify(SEED));
  const args = [
    join(root, 'dist/cli.mjs'),
    'hub',
    '--dir',
    join(scratch, 'hub'),
    '--port',
    '0',
    '--seed',
    seed,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    exited.then((code) => Promise.reject(new Error(`the hub ended with ${code}`))),
  ]);
  return { process: child, exited, url: JSON.parse(line).url };
}

async function uploadByJavaScript(hubUrl, scratch) {
  const content = randomBytes(2_000_000);
  writeFileSync(join(scratch, 'js-source.bin'), content);
  const repo = { type: 'bucket', name: 'acme/from-js' };
  await createRepo({ hubUrl, accessToken: 'hf_organizer', repo });
  await uploadFiles({
    hubUrl,
    accessToken: 'hf_organizer',
    repo,
    files: [{ path: 'js.bin', content: new Blob([content]) }],
  });
}

function runPython(python, url, scratch) {
  const work = join(scratch, 'work');
  mkdirSync(work);
  writeFileSync(join(work, '.keep'), '');
  const env = {
    PATH: process.env.PATH,
    HOME: work,
    HF_HOME: join(scratch, 'hf-home'),
    HF_ENDPOINT: url,
    HF_HUB_DISABLE_PROGRESS_BARS: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
  };
  const child = spawn(python, [join(here, 'run.py'), url, scratch], { cwd: work, env, stdio: 'inherit' });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
