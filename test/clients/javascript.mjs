// @huggingface/hub: operations, and what it shows when one is refused. Called like the Python scripts beside it.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as hub from '@huggingface/hub';

const [hubUrl, scratch, client, phase] = process.argv.slice(2);
const rows = [];
const as = (accessToken) => ({ hubUrl, accessToken });
const admin = as('hf_organizer');
const bucket = (name) => ({ type: 'bucket', name });
const own = bucket(`acme/${client}`);
const cross = bucket('acme/cross');
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function check(operation, work) {
  await note('works', operation, async () => void (await work()));
}

async function denied(operation, status, work) {
  await note('denied', operation, async () => {
    const error = await work().then(
      () => null,
      (reason) => reason,
    );
    if (error === null) throw new Error('was not refused');
    expect(error.statusCode, status);
    return `${error.constructor.name} ${error.statusCode}: ${error.message}`.replaceAll(hubUrl, '{hub}');
  });
}

async function note(kind, operation, work) {
  const started = performance.now();
  const row = { kind, operation, outcome: 'ok', shown: null };
  try {
    row.shown = (await work()) ?? null;
  } catch (error) {
    Object.assign(row, { outcome: 'FAILED', shown: String(error).slice(0, 300) });
    console.log(`${client}: ${operation}: FAILED ${row.shown}`);
  }
  rows.push({ ...row, seconds: (performance.now() - started) / 1000 });
}

function expect(value, wanted) {
  const [is, should] = [value, wanted].map((v) => JSON.stringify(v) ?? String(v));
  if (is !== should) throw new Error(`${is.slice(0, 200)} is not ${should.slice(0, 200)}`);
}

const put = (repo, files, access = admin) =>
  hub.uploadFiles({
    ...access,
    repo,
    files: Object.entries(files).map(([path, content]) => ({ path, content: new Blob([content]) })),
  });

async function get(repo, path, access = admin) {
  const blob = await hub.downloadFile({ ...access, repo, path });
  return blob === null ? null : Buffer.from(await blob.arrayBuffer());
}

async function list(repo, path) {
  const names = [];
  for await (const file of hub.listFiles({ ...admin, repo, path, recursive: true }))
    if (file.type === 'file') names.push(file.path);
  return names;
}

async function refused(status, work) {
  const error = await work().catch((reason) => reason);
  expect(error?.statusCode, status);
}

async function buckets() {
  const big = randomBytes(20_000_000);
  const files = { empty: '', 'dir/small.txt': 'hello\n', 'dir/big.bin': big, 'dir/ü ü.txt': 'grüße' };
  await check('whoami', async () => expect((await hub.whoAmI(admin)).name, 'organizer'));
  await check('whoami: roles', async () => expect((await hub.whoAmI(admin)).orgs[0].roleInOrg, 'admin'));
  await check('whoami: unknown token', () => refused(401, () => hub.whoAmI(as('hf_wrong'))));
  await check('bucket create', () => hub.createRepo({ ...admin, repo: own, visibility: 'private' }));
  await check('bucket create again', () => refused(409, () => hub.createRepo({ ...admin, repo: own })));
  await check('bucket missing', async () =>
    expect(await hub.repoExists({ ...admin, repo: bucket('acme/none') }), false),
  );
  await check('upload 0 B to 20 MB', () => put(own, files));
  await check('tree', async () => expect((await list(own)).sort(), Object.keys(files).sort()));
  const many = Object.fromEntries(
    Array.from({ length: 1100 }, (_, i) => [`many/${String(i).padStart(4, '0')}.txt`, `${i}`]),
  );
  await check('upload 1,100 files', () => put(own, many));
  await check('tree in pages', async () => expect(await list(own, 'many/'), Object.keys(many)));
  await check('paths-info', async () =>
    expect((await hub.pathsInfo({ ...admin, repo: own, paths: ['empty', 'no', 'dir/big.bin'] })).length, 2),
  );
  await check('download', async () => {
    expect(sha(await get(own, 'dir/big.bin')), sha(big));
    expect(
      [`${await get(own, 'empty')}`, `${await get(own, 'dir/ü ü.txt')}`, await get(own, 'none')],
      ['', 'grüße', null],
    );
  });
  await check('read of a range', async () => {
    const blob = await hub.downloadFile({ ...admin, repo: own, path: 'dir/big.bin' });
    const part = Buffer.from(await blob.slice(9_000_000, 9_000_100).arrayBuffer());
    expect(sha(part), sha(big.subarray(9_000_000, 9_000_100)));
  });
  await check('copy', async () => {
    const [source, destination] = ['dir/big.bin', 'copy.bin'].map((path) => ({ repo: own, path }));
    await hub.copyFile({ ...admin, source, destination });
    expect(sha(await get(own, 'copy.bin')), sha(big));
  });
  const odd = ['ü ß.txt', "quote'.txt", 'plus+&=.txt', 'both', 'both/inside.txt', '日本.txt'].map(
    (n) => `odd/${n}`,
  );
  await check('odd names', () => put(own, Object.fromEntries(odd.map((name) => [name, name]))));
  await check('odd names come back', async () => {
    for (const name of odd) expect(`${await get(own, name)}`, name);
  });
  await check('copy of a folder', async () => {
    const destination = { repo: own, path: 'odd-again' };
    await hub.copyFolder({ ...admin, source: { repo: own, path: 'odd' }, destination });
    expect((await list(own, 'odd-again/')).length, odd.length);
  });
  await check('commit: add and delete', async () => {
    const operations = [
      { operation: 'addOrUpdate', path: 'odd/new', content: new Blob(['new']) },
      { operation: 'delete', path: 'odd/both' },
    ];
    await hub.commit({ ...admin, repo: own, title: 'one step', operations });
    expect([await get(own, 'odd/both'), `${await get(own, 'odd/new')}`], [null, 'new']);
  });
  await check('delete files', async () => {
    await hub.deleteFile({ ...admin, repo: own, path: 'copy.bin' });
    expect(await hub.fileExists({ ...admin, repo: own, path: 'copy.bin' }), false);
  });
}

async function writeForOthers() {
  const content = randomBytes(2_000_000);
  writeFileSync(join(scratch, `cross-${client}.bin`), content);
  await check('write for the others', () => put(cross, { [`cross-${client}.bin`]: content }));
}

async function space() {
  const repo = { type: 'space', name: `acme/space-${client}` };
  const info = () => hub.spaceInfo({ ...admin, name: repo.name, additionalFields: ['runtime', 'sha'] });
  await check('Space create', () => hub.createRepo({ ...admin, repo, sdk: 'static' }));
  await check('Space create again', () =>
    refused(409, () => hub.createRepo({ ...admin, repo, sdk: 'static' })),
  );
  await check('Space upload', () =>
    put(repo, { 'README.md': '---\nsdk: static\n---\n', 'index.html': '<p>hi' }),
  );
  await check('Space files', async () => expect(await list(repo), ['README.md', 'index.html']));
  await check('Space file download', async () => expect(`${await get(repo, 'index.html')}`, '<p>hi'));
  await check('Space files deleted, file exists', async () => {
    await put(repo, { 'old.txt': 'old' });
    await hub.deleteFiles({ ...admin, repo, paths: ['old.txt'] });
    expect(await hub.fileExists({ ...admin, repo, path: 'old.txt' }), false);
  });
  await check('snapshot', async () => {
    const path = await hub.snapshotDownload({ ...admin, repo, cacheDir: join(scratch, `cache-${client}`) });
    expect(readFileSync(join(path, 'index.html'), 'utf8'), '<p>hi');
  });
  await check('Spaces: search', async () => {
    const names = [];
    for await (const { name } of hub.listSpaces({ ...admin, search: { owner: 'acme', query: client } }))
      names.push(name);
    expect(names, [repo.name]);
  });
  await check('Space runtime', () => until(async () => (await info()).runtime.stage === 'RUNNING'));
  await check('Space delete', () => hub.deleteRepo({ ...admin, repo }));
}

async function jobs() {
  const at = { ...admin, namespace: 'acme' };
  const spec = { dockerImage: 'python:3.12', flavor: 'cpu-basic', labels: { by: client } };
  const run = (code, more) => hub.runJob({ ...at, ...spec, command: ['python', '-c', code], ...more });
  const job = (jobId) => hub.getJob({ ...at, jobId });
  const ended = (jobId) =>
    until(async () => !['SCHEDULING', 'RUNNING'].includes((await job(jobId)).status.stage) && job(jobId));
  let id;
  await check('job run', async () => {
    ({ id } = await run("print('forty', 40 + 2)"));
  });
  await check('job logs', async () => {
    let text = '';
    for await (const line of hub.streamJobLogs({ ...at, jobId: id })) text += line.message;
    expect(text.includes('forty 42'), true);
  });
  await check('job inspect', async () => expect((await ended(id)).status.stage, 'COMPLETED'));
  await check('job list', async () =>
    expect(
      (await hub.listJobs(at)).some((one) => one.id === id),
      true,
    ),
  );
  await check('job exit code', async () => {
    const failed = await ended((await run('import sys; sys.exit(3)')).id);
    expect(failed.status.message, 'Job failed with exit code: 3');
  });
  await check('job time limit', async () => {
    const late = await ended((await run('import time; time.sleep(600)', { timeoutSeconds: 1 })).id);
    expect(late.status.message.includes('timeout'), true);
  });
  await check('job volumes, secrets', async () => {
    const volumes = [{ type: 'bucket', source: `buckets/${own.name}`, mountPath: '/data', path: 'dir' }];
    const code =
      "import os; open('/data/out.txt', 'w').write(open('/data/small.txt').read() + os.environ['WORD'])";
    expect(
      (await ended((await run(code, { volumes, secrets: { WORD: 'secret' } })).id)).status.stage,
      'COMPLETED',
    );
    expect(`${await get(own, 'dir/out.txt')}`, 'hello\nsecret');
  });
  await check('job cancel', async () => {
    const long = await run('import time; time.sleep(600)');
    await hub.cancelJob({ ...at, jobId: long.id });
    expect((await ended(long.id)).status.stage, 'CANCELED');
  });
  await check('job rerun', () => hub.duplicateJob({ ...at, jobId: id }));
  await check('job hardware', async () =>
    expect(
      (await hub.listJobHardware(admin)).some(({ name }) => name === 'a10g-small'),
      true,
    ),
  );
}

async function readOthers() {
  for (const name of readdirSync(scratch).filter((file) => /^cross-.*\.bin$/.test(file)))
    await check(`read what ${name.slice(6, -4)} wrote`, async () =>
      expect(sha(await get(cross, name)), sha(readFileSync(join(scratch, name)))),
    );
  await check('bucket delete', async () => {
    await hub.deleteRepo({ ...admin, repo: own });
    expect(await hub.repoExists({ ...admin, repo: own }), false);
  });
}

async function refusals() {
  const [open, closed] = [bucket('acme/open'), bucket('acme/closed')];
  const one = as('hf_one');
  const job = (access, namespace, more = {}) =>
    hub.runJob({ ...access, namespace, dockerImage: 'x', command: ['true'], flavor: 'cpu-basic', ...more });
  const volumes = [{ type: 'bucket', source: 'buckets/acme/closed', mountPath: '/d', readOnly: true }];
  await denied('unknown token: whoami', 401, () => hub.whoAmI(as('hf_wrong')));
  await denied('no token: info of a private bucket', 401, () =>
    hub.checkRepoAccess({ hubUrl, repo: closed }),
  );
  await denied('outsider: info of a private bucket', 404, () =>
    hub.checkRepoAccess({ ...as('hf_outsider'), repo: closed }),
  );
  await denied('outsider: read of a private file', 404, () => get(closed, 'a.txt', as('hf_outsider')));
  await denied('outsider: private bucket in a job', 404, () =>
    job(as('hf_outsider'), 'outsider', { volumes }),
  );
  await denied('reader: create a bucket', 403, () =>
    hub.createRepo({ ...as('hf_reader'), repo: bucket('acme/r') }),
  );
  await denied('reader: write', 403, () => put(open, { x: randomBytes(9) }, as('hf_reader')));
  await denied("contributor: write to another's bucket", 403, () => put(open, { x: randomBytes(9) }, one));
  await denied("contributor: delete another's bucket", 403, () => hub.deleteRepo({ ...one, repo: open }));
  await denied('read token: write', 403, () => put(open, { x: randomBytes(9) }, as('hf_admin_read')));
  await denied('fine-grained token: write outside its scopes', 403, () =>
    put(open, { x: randomBytes(9) }, as('hf_narrow')),
  );
  await denied('fine-grained token: read outside its scopes', 404, () =>
    get(closed, 'a.txt', as('hf_narrow')),
  );
  await denied('contributor: run a job', 403, () => job(one, 'acme'));
  await denied('contributor: list jobs', 404, () => hub.listJobs({ ...one, namespace: 'acme' }));
  await denied('no credits: run a job', 402, () => job(admin, 'poor'));
  await denied('outsider: upload to a Space', 403, () =>
    put({ type: 'space', name: 'acme/app' }, { x: 'x' }, as('hf_outsider')),
  );
  const app = { type: 'space', name: 'acme/app' };
  const x = { path: 'x', content: new Blob(['x']) };
  await denied('absent: pull request', 501, () =>
    hub.uploadFile({ ...admin, repo: app, file: x, isPullRequest: true }),
  );
  await denied('absent: branch', 501, () => hub.createBranch({ ...admin, repo: app, branch: 'dev' }));
  await denied('absent: revision', 404, () => hub.spaceInfo({ ...admin, name: app.name, revision: 'v1' }));
  await denied('absent: history', 501, () => hub.countCommits({ ...admin, repo: app }));
  await denied('absent: dataset', 501, () =>
    hub.createRepo({ ...admin, repo: { type: 'dataset', name: 'acme/data' } }),
  );
  await denied('absent: file of a model', 404, () =>
    hub.downloadFile({ ...admin, repo: { type: 'model', name: 'acme/model' }, path: 'config.json' }),
  );
  await denied('absent: list of models', 501, () => hub.listModels(admin).next());
  await denied('absent: scheduled job', 501, () => hub.listScheduledJobs({ ...admin, namespace: 'acme' }));
  await denied('absent: metrics of a job', 501, () =>
    hub.streamJobMetrics({ ...admin, namespace: 'acme', jobId: '0'.repeat(24) }).next(),
  );
  await denied('absent: dataset in a job', 501, () =>
    job(admin, 'acme', { volumes: [{ type: 'dataset', source: 'a/b', mountPath: '/d' }] }),
  );
  await denied('absent: collections', 501, () => hub.listCollections({ ...admin }).next());
  await denied('wrong: bucket that is not there, in a job', 404, () =>
    job(admin, 'acme', { volumes: [{ ...volumes[0], source: 'buckets/acme/none' }] }),
  );
  await denied('wrong: a file that is not there is deleted', 422, () =>
    hub.deleteFile({ ...admin, repo: open, path: 'none' }),
  );
  await denied('wrong: name of a variable', 400, () => job(admin, 'acme', { environment: { a: '1' } }));
  await denied('wrong: a file where a folder is', 400, () =>
    hub.uploadFile({ ...admin, repo: app, file: { ...x, path: 'folder' } }),
  );
  await denied('no plan: create a Docker Space', 402, () =>
    hub.createRepo({ ...admin, repo: { type: 'space', name: 'poor/x' }, sdk: 'docker' }),
  );
}

async function until(probe) {
  const deadline = performance.now() + 240_000;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (performance.now() > deadline) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const PHASES = { write: [buckets, writeForOthers, space, jobs], denied: [refusals], read: [readOthers] };
for (const part of PHASES[phase]) await part();
writeFileSync(join(scratch, `report-${client}-${phase}.json`), JSON.stringify(rows));
process.exitCode = rows.every((row) => row.outcome === 'ok') ? 0 : 1;
