import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { localSeed, localUsers } from '../../generator/apply/local-users.ts';
import type { ApplyOptions, LocalTokens } from '../../generator/apply/types.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { remember } from '../../generator/eval/record.ts';
import type { Io } from '../../generator/io.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import { sourceHash } from '../../templates/space/source-hash.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The smallest server that is one: answers healthz, says which settings reached it, and holds nothing. */
const SERVER = `import { createServer } from 'node:http';
const answers = {
  '/v1/healthz': { org: process.env.ORG, token: Boolean(process.env.HF_TOKEN) },
  '/v1/results': { count: 0, matched: 0, items: [], next: null, cursor: null },
  '/v1/queue': {
    mode: 'jobs', matched: 0, next: null, evaluator_seen_at: null, items: [], generated_at: '',
    spend: { usd: 0, budget_usd: 10, verification_usd: 0, verification_budget_usd: null, runs: 0 },
  },
};
createServer((request, response) => {
  const answer = answers[request.url.split('?')[0]];
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? {}));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** Answers healthz and an evaluator that shows the key it knows. */
export const EVALUATED_SERVER = `import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
const { PORT, EVALUATOR_KEY_SHA256 } = process.env;
createServer((request, response) => {
  const key = createHash('sha256').update(request.headers['x-evaluator-key'] ?? '').digest('hex');
  const status = request.url === '/v1/healthz' ? 200 : key === EVALUATOR_KEY_SHA256 ? 200 : 401;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ run: null }));
}).listen(Number(PORT), '127.0.0.1');
`;

const FILES: Record<string, string> = {
  'bucket/README.md': '# The challenge\n\nRead this first.\n',
  'bucket/agents/README.md': '# Agents\n',
  'bucket/message_board/README.md': '# Board\n',
  'harness/run.py': 'print("run")\n',
  'harness/secret/key.txt': 'not to be uploaded\n',
  'harness/upload.json': '["run.py", "data/**"]\n',
  'harness/data/public.txt': 'public\n',
  'submissions/baseline/serve.py': 'print("baseline")\n',
  'submissions/oracle/serve.py': 'print("oracle")\n',
  'submissions/cheats/pruned/serve.py': 'print("cheat")\n',
  'private/split.jsonl': '{"prompt": "secret"}\n',
  'space/Dockerfile': 'FROM node:24-slim\nWORKDIR /app\nCOPY server.mjs ./\nCMD ["node", "server.mjs"]\n',
  'space/README.md': '---\ntitle: Test\nsdk: docker\napp_port: 7860\n---\n',
  'space/server.mjs': SERVER,
  'space/src/contract/index.ts': 'export {};\n',
  'space/src/hub/index.ts': 'export {};\n',
  'space/src/backend/index.ts': 'export {};\n',
  'space/src/client/index.ts': 'export {};\n',
  'space/src/dashboard/index.ts': 'export {};\n',
};

/** A challenge directory as `new` leaves it, in small. */
export async function writeChallenge(dir: string): Promise<void> {
  for (const [path, content] of Object.entries(FILES)) await put(dir, path, content);
  await cp(join(ROOT, 'challenges/gemma/challenge.yaml'), join(dir, 'challenge.yaml'));
  await stampBuild(dir);
  for (const proof of ['selftest', 'redteam'] as const)
    await remember(dir, proof, 'ok', '2026-01-01T00:00:00Z', '');
}

export async function put(dir: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), content);
}

/** Another verification mode, and other edits, in challenge.yaml. */
export async function verifyBy(dir: string, mode: string, more: [RegExp, string][] = []): Promise<void> {
  const edits: [RegExp, string][] = [[/^( {2}mode: ).*$/m, `$1${mode}`], ...more];
  const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
  await put(
    dir,
    'challenge.yaml',
    edits.reduce((text, [from, to]) => text.replace(from, to), yaml),
  );
}

export async function stampBuild(dir: string): Promise<void> {
  await put(dir, 'space/build.json', JSON.stringify({ source: sourceHash(join(dir, 'space/src')) }));
}

/** Real, and cut short: what is waited for is on this machine. */
export const sleepAtMost =
  (longest: number): Io['sleep'] =>
  (ms) =>
    new Promise((resolve) => setTimeout(resolve, Math.min(ms, longest)));

/** An outside world for a test: real fetch and clock, output kept. */
export function testIo(more: Partial<Io> = {}): Io & { out: string[] } {
  const out: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      out.push(String(chunk));
      done();
    },
  });
  return {
    argv: [],
    env: {},
    cwd: '/',
    stdin: process.stdin,
    stdout: sink,
    stderr: sink,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    sleep: sleepAtMost(50),
    signal: new AbortController().signal,
    packageRoot: ROOT,
    out,
    ...more,
  };
}

export interface Bench {
  dir: string;
  url: string;
  tokens: LocalTokens;
  options(more?: Partial<ApplyOptions>): ApplyOptions;
  /** Stops the hub, and leaves everything on disk. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  /** The directory of a bench that was stopped: this one goes on with a copy of it. */
  from?: string;
  io?: () => Io;
}

/** A challenge directory and an embedded hub of its own. */
export async function startBench({ from, io = testIo }: BenchOptions = {}): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'collab-apply-'));
  if (from) await cp(from, dir, { recursive: true });
  else await writeChallenge(dir);
  const { hub } = await readChallenge(dir);
  const tokens = await localUsers(dir, hub);
  const seed = localSeed(hub, tokens) as Seed;
  const running = await startHub({ dir: join(dir, '.collab/hub'), port: 0, host: '127.0.0.1', seed });
  return {
    dir,
    url: running.url,
    tokens,
    options: (more = {}) => ({
      io: io(),
      dir,
      hubUrl: running.url,
      token: tokens.organizer ?? '',
      spaceToken: tokens['collab-server'] ?? '',
      evaluatorToken: tokens['collab-evaluator'] ?? '',
      participantToken: tokens['participant-1'] ?? '',
      ...more,
    }),
    stop: () => running.close(),
    close: async () => {
      await running.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
    },
  };
}
