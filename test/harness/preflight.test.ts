import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { python } from '../../generator/eval/process.ts';
import { Preflight, preflight } from '../../templates/backend/jobs/preflight.ts';
import { packageRoot } from './emitted.ts';
import { machine } from './io.ts';

/** The server refuses before it bills, the harness before it starts: two readers of one preflight.json must agree. */

const properties = {
  name: { type: 'string', pattern: '^[a-z]+$', maxLength: 8 },
  port: { type: 'integer', minimum: 1024, maximum: 65535 },
  serve: { type: 'array', minItems: 1, items: { type: 'string', maxLength: 8 } },
  env: { type: 'object', additionalProperties: { type: 'string' } },
  fixed: { const: 1 },
};
const RULES = {
  required_files: ['manifest.json', 'serve.py'],
  max_files: 3,
  max_bytes: 2000,
  json_files: [
    { path: 'manifest.json', required_keys: ['name'], properties },
    { path: 'open.json', required_keys: ['a'] },
  ],
};

const good = { 'manifest.json': '{"name": "ok"}', 'serve.py': 'x' };
const manifest = (value: unknown) => ({ ...good, 'manifest.json': JSON.stringify(value) });
const CASES: [what: string, files: Record<string, string>, ready: boolean][] = [
  ['nothing wrong', good, true],
  ['every key', manifest({ name: 'ok', port: 8000, serve: ['x'], env: { A: '1' }, fixed: 1 }), true],
  ['a file without a closed list of keys', { ...good, 'open.json': '{"a": 1, "b": [null]}' }, true],
  ['a missing file', { 'manifest.json': '{"name": "ok"}' }, false],
  ['too many files', { ...good, a: '', b: '' }, false],
  ['too many bytes', { ...good, a: 'x'.repeat(2000) }, false],
  ['no JSON', { ...good, 'manifest.json': '{' }, false],
  ['no object', manifest(['name']), false],
  ['a missing key', manifest({}), false],
  ['a key nobody knows', manifest({ name: 'ok', nmae: 'ok' }), false],
  ['a text that does not match', manifest({ name: 'Not' }), false],
  ['a newline behind a match', manifest({ name: 'ok\n' }), false],
  ['a long text', manifest({ name: 'toolongname' }), false],
  ['a text for a number', manifest({ name: 'ok', port: '8000' }), false],
  ['true for a number', manifest({ name: 'ok', port: true }), false],
  ['a number out of range', manifest({ name: 'ok', port: 80 }), false],
  ['an empty list', manifest({ name: 'ok', serve: [] }), false],
  ['a wrong item', manifest({ name: 'ok', serve: ['x', 1] }), false],
  ['a wrong value in a map', manifest({ name: 'ok', env: { A: 1 } }), false],
  ['another constant', manifest({ name: 'ok', fixed: 2 }), false],
  ['null', manifest({ name: null }), false],
];

const ASK = `import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from collab_harness.preflight import preflight
rules = json.loads(sys.argv[2])
print(json.dumps([preflight(pathlib.Path(folder), rules) for folder in sys.argv[3:]]))`;

const root = mkdtempSync(join(tmpdir(), 'collab-preflight-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));
let harness: string[][];

beforeAll(async () => {
  const folders = CASES.map(([, files], at) => {
    const folder = join(root, String(at));
    mkdirSync(folder);
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    return folder;
  });
  const library = join(packageRoot, 'templates/harness');
  const asked = ['-c', ASK, library, JSON.stringify(RULES), ...folders];
  const { code, output } = await python(machine(root), asked, { cwd: root, timeoutMs: 240_000 });
  expect(code, output).toBe(0);
  harness = JSON.parse(output);
});

test.each(CASES.map((row, at) => [...row, at] as const))('%s', async (_what, files, ready, at) => {
  const listed = Object.entries(files).map(([path, text]) => ({ path, size: Buffer.byteLength(text) }));
  const text = async (path: string) => files[path] ?? null;
  const server = await preflight(Preflight.parse(RULES), { files: listed, text });
  expect({ server: server.length === 0, harness: harness[at]?.length === 0 }, JSON.stringify(server)).toEqual(
    {
      server: ready,
      harness: ready,
    },
  );
});
