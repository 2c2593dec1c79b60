/** What the runs behind a result printed. */
import { ApiError } from '@collab/contract/errors.ts';
import { printable } from '@collab/contract/identity.ts';
import { resultPath, scratchBucket } from '@collab/contract/paths.ts';
import { getLog, listLogs } from '@collab/contract/routes/logs.ts';
import { HubError } from '@collab/hub/port.ts';
import { KEY_PREFIX } from '../auth/keys.ts';
import type { Credential } from '../auth/types.ts';
import { mayRead, type Reader, type RunLog, runName } from '../domain/results/log-access.ts';
import { locate, pointerValues } from '../domain/results/pointer.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import { LOG_FILE } from '../jobs/log-file.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';
import type { Entry } from '../store/types.ts';
import { readerLimit } from './reader-limit.ts';

const PER_MINUTE = 120;
const MAX_BYTES = 1024 * 1024;

export const routes: RouteModule = (s) => {
  const admit = readerLimit(s, PER_MINUTE, 'logs');
  const admitted = ({ ip, params }: Pick<Call<typeof listLogs>, 'ip' | 'params'>): Entry => {
    admit(ip);
    return found(s, params.filename);
  };
  return [
    handle(listLogs, async (call) => {
      const result = admitted(call);
      const reader = await readerOf(s, call.credential, result.author);
      const [benchmark, runs] = await Promise.all([benchmarkLog(s, result), verificationLogs(s, result)]);
      const readable = [...benchmark, ...runs].filter((log) => mayRead(reader, log));
      const items = readable.map(({ run, kind, bytes }) => ({ run, kind, bytes }));
      return {
        body: {
          filename: result.name,
          items,
          hidden: benchmark.length + runs.length - items.length,
        },
      };
    }),
    handle(getLog, async (call) => {
      const result = admitted(call);
      const reader = await readerOf(s, call.credential, result.author);
      const all =
        call.params.run === 'benchmark' ? await benchmarkLog(s, result) : await verificationLogs(s, result);
      const log = all.find(({ run }) => run === call.params.run);
      if (!log) throw new ApiError('NOT_FOUND', 'this result has no such log');
      if (!mayRead(reader, log)) throw refusal(call.credential, log);
      return { headers: HEADERS, raw: await textOf(s, log) };
    }),
  ];
};

const HEADERS = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
};

function found(s: Services, filename: string): Entry {
  const entry =
    filename.includes('/') || !filename.endsWith('.md') ? null : s.store.get(resultPath(filename));
  if (entry) return entry;
  throw new ApiError('NOT_FOUND', `no such result: ${printable(filename)}`, {
    hint: 'GET /v1/results lists them',
  });
}

/** A stranger's credential makes nobody less than a reader without one; that it could not be told is an error. */
async function readerOf(s: Services, credential: Credential, agent: string): Promise<Reader> {
  const { bearer } = credential;
  if (bearer === null) return 'anyone';
  const organizer = !bearer.startsWith(KEY_PREFIX) && (await holds(() => s.auth.organizer(credential)));
  if (organizer) return 'organizer';
  return (await holds(() => s.auth.writer(credential, agent, { always: true }))) ? 'author' : 'anyone';
}

const NOT_THAT_ONE = ['UNAUTHORIZED', 'NOT_ORGANIZER', 'IDENTITY_MISMATCH', 'NOT_REGISTERED'];

async function holds(proof: () => Promise<unknown>): Promise<boolean> {
  try {
    await proof();
    return true;
  } catch (error) {
    if (error instanceof ApiError && NOT_THAT_ONE.includes(error.code)) return false;
    throw error;
  }
}

function refusal({ bearer }: Credential, { sawPrivate }: RunLog): ApiError {
  const who = sawPrivate ? 'organizers: the run saw private data' : 'organizers and the author';
  return bearer === null
    ? new ApiError('UNAUTHORIZED', `this log is for ${who}`, { hint: 'log in' })
    : new ApiError('NOT_ORGANIZER', `this log is for ${who}`);
}

/** Beside the run that the result names, in its author's own bucket. */
async function benchmarkLog(s: Services, { author, frontmatter }: Entry): Promise<RunLog[]> {
  const { ORG, COLLAB_SLUG, CENTRAL_BUCKET: centralBucket } = s.settings;
  const owner = { agent: author, bucket: scratchBucket(ORG, COLLAB_SLUG, author), centralBucket };
  const places = pointerValues(frontmatter).flatMap((pointer) => locate(pointer, owner) ?? []);
  const paths = places.map(({ prefix }) => `${prefix}/${LOG_FILE}`);
  // One call for each bucket: whoever asks for a log has no say in how often the Hub is asked.
  const buckets = [...new Set(places.map(({ bucket }) => bucket))];
  const found = new Map(
    await Promise.all(buckets.map(async (bucket) => [bucket, await infoOf(s, bucket, paths)] as const)),
  );
  for (const [i, { bucket }] of places.entries()) {
    const file = found.get(bucket)?.find(({ path }) => path === paths[i]);
    if (file)
      return [
        { run: 'benchmark', kind: 'benchmark', bytes: file.size, bucket, path: file.path, sawPrivate: false },
      ];
  }
  return [];
}

/** An agent's bucket may be gone: then there is no log, which is no failure. */
const infoOf = (s: Services, bucket: string, paths: string[]) =>
  s.hub
    .pathsInfo(bucket, paths)
    .catch((error: unknown) => (isMissing(error) ? [] : hubFailure('find the log')(error)));

const isMissing = (error: unknown) => error instanceof HubError && error.kind === 'missing';

/** Whether a run saw private data stands in the verdicts alone: its own folder is the job's to write. */
async function verificationLogs(s: Services, { name }: Entry): Promise<RunLog[]> {
  await s.evaluation.book.ready();
  const open = s.evaluation.book.verdicts(name).filter((verdict) => verdict.private_data === false);
  const files = await s.store.private.list(`${s.settings.VERIFICATION_RUNS_PREFIX}/${name}/`);
  return files
    .filter(({ path }) => path.endsWith(`/${LOG_FILE}`))
    .map(({ path, size }) => {
      const folder = path.slice(0, -LOG_FILE.length - 1);
      const sawPrivate = !open.some(({ evidence }) => evidence === folder);
      const bucket = s.store.private.bucket;
      return { run: runName(folder, name), kind: 'verification', bytes: size, bucket, path, sawPrivate };
    });
}

async function textOf(s: Services, { bucket, path, bytes }: RunLog): Promise<Uint8Array> {
  if (bytes > MAX_BYTES)
    throw new ApiError('TOO_LARGE', `the log has ${bytes} bytes, over ${MAX_BYTES}`, {
      hint: `hf buckets cp hf://buckets/${bucket}/${path} .`,
    });
  const content = await s.hub
    .readFile(bucket, path, { maxBytes: MAX_BYTES })
    .catch(hubFailure('read the log'));
  if (content === null) throw new ApiError('NOT_FOUND', 'the log is gone');
  return content;
}
