/** Sessions that agents share: statistics by default, the log by choice. */
import { ApiError } from '@collab/contract/errors.ts';
import { pathProblem, type Source, tracePrefix } from '@collab/contract/paths.ts';
import { getTrace, listTraces, postTrace, stats } from '@collab/contract/routes/traces.ts';
import { mergeServer, writeRecord } from '../codec/frontmatter.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { believedDay, namedDay, statsOf } from '../domain/stats/stats.ts';
import { completeness, logName, readManifest } from '../domain/traces/manifest.ts';
import { tracePage } from '../domain/traces/page.ts';
import { sharedMinute, sharedStamp, type Trace, traceItem, tracesOf } from '../domain/traces/trace.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Asker } from '../store/cold-reads.ts';
import type { SourceFile } from '../store/source.ts';
import { search, untrusted } from './records.ts';

export const routes: RouteModule = (s) => [
  handle(postTrace, (call) => share(s, call)),
  handle(listTraces, async (call) => {
    const { query } = call;
    const traces = sharedTraces(s);
    const hits = query.q
      ? await search(
          s,
          call,
          traces.map((trace) => trace.entry),
          query.q,
        )
      : null;
    const found = hits ? traces.filter((trace) => hits.has(trace.entry)) : traces;
    const { items, ...page } = tracePage(traces.length, found, query, s.settings.EXPAND_MAX_LIMIT);
    const shown = query.expand
      ? await expanded(s, call, items)
      : items.map((trace) => `${trace.agent}/${trace.session}`);
    return { body: { ...page, items: shown, ...(s.store.stale && { stale: true }) } };
  }),
  handle(getTrace, async (call) => {
    const { params } = call;
    const path = tracePrefix(params.agent, params.session);
    const entry = params.session.includes('/') ? null : s.store.get(`${path}manifest.md`);
    if (!entry) throw new ApiError('NOT_FOUND', 'no such trace');
    const [record] = await s.store.read([entry], call);
    const [trace] = tracesIn(s, path);
    const log_files = trace?.logs ?? [];
    const { frontmatter } = entry;
    return {
      body: {
        agent: params.agent,
        session_id: params.session,
        frontmatter,
        body: record?.body ?? '',
        path,
        log_files,
        ...untrusted(s),
      },
    };
  }),
  handle(stats, () => ({
    body: {
      ...tokensOf(s),
      generated_at: new Date(s.now()).toISOString(),
      ...(s.store.stale && { stale: true }),
    },
  })),
];

type Profiled = Pick<Services, 'store' | 'profile'>;

const tracesIn = ({ store, profile }: Profiled, prefix: string): Trace[] =>
  tracesOf(store.below(prefix), profile.compat ? sharedMinute : sharedStamp);

/** Every shared session, oldest first. */
export const sharedTraces = (s: Profiled): Trace[] => tracesIn(s, 'traces/');

/** What all shared sessions add up to. */
export const tokensOf = (s: Profiled) => statsOf(sharedTraces(s), s.profile.compat ? namedDay : believedDay);

async function expanded(s: Services, asker: Asker, traces: readonly Trace[]) {
  const records = await s.store.read(
    traces.map((trace) => trace.entry),
    asker,
  );
  return traces.map((trace, at) => traceItem(trace, records[at]?.body ?? ''));
}

async function share(s: Services, call: Call<typeof postTrace>) {
  const source = s.sources.resolve(call.body.source);
  const session = sessionOf(source);
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  const { frontmatter, body, bytes } = await manifestOf(s, source, session);
  const read = readManifest(frontmatter);
  if (!read.ok)
    throw new ApiError(
      'INVALID_FRONTMATTER',
      `manifest: ${read.problems[0]?.path} ${read.problems[0]?.problem}`,
      {
        problems: read.problems,
      },
    );
  if (String(read.manifest.session_id) !== session)
    throw new ApiError('INVALID_PATH', 'session_id is not the name of its folder');
  const log = call.body.share === 'full' ? await logOf(s, source, frontmatter, bytes) : null;
  const level = completeness(read.manifest);
  const prefix = tracePrefix(source.agent, session);
  const copies = log
    ? [
        {
          path: `${prefix}${log.relative}`,
          xetHash: log.file.xetHash,
          sourceBucket: source.bucket,
          size: log.file.size,
        },
      ]
    : [];
  await s.store.submit({
    locks: [`trace:${source.agent}/${session}`],
    build(at) {
      const server = {
        agent: source.agent,
        promoted_at: at.minute,
        via: 'bucket',
        share: call.body.share,
        completeness: level,
        promoted_stamp: at.file,
        ...(writer.auth === 'none' && { auth: 'none' }),
      };
      const content = writeRecord(mergeServer(frontmatter, server), body);
      // What was shared before and is not shared now goes away: consent can be taken back.
      const stale = s.store.below(prefix).map((entry) => entry.path);
      const kept = new Set([`${prefix}manifest.md`, ...copies.map((copy) => copy.path)]);
      const deletes = stale.filter((path) => !kept.has(path));
      return { files: { adds: [{ path: `${prefix}manifest.md`, content }], copies, deletes }, answer: null };
    },
  });
  const bytes_copied = bytes + (log?.file.size ?? 0);
  const files_copied = log ? 1 : 0;
  audit(s, call, { source, prefix, session, bytes_copied, files_copied, level });
  return {
    status: 201,
    body: {
      session_id: session,
      agent: source.agent,
      share: call.body.share,
      path: prefix,
      files_copied,
      bytes_copied: log?.file.size ?? 0,
      completeness: level,
    },
  };
}

function sessionOf(source: Source): string {
  const [area, session, ...rest] = source.path.split('/');
  if (area === 'traces' && session && rest.length === 0 && pathProblem(session) === null) return session;
  throw new ApiError('INVALID_PATH', 'the source must be traces/{session} of your own bucket');
}

async function manifestOf(s: Services, source: Source, session: string) {
  const path = `traces/${session}/manifest.md`;
  const { text, bytes } = await s.sources.text({ ...source, path }).catch((error) => {
    if (error instanceof ApiError && error.code === 'SOURCE_NOT_FOUND')
      throw new ApiError('INVALID_PATH', 'missing manifest.md', { cause: error });
    throw error;
  });
  refuseSecrets(text, 'the manifest');
  return { ...s.profile.parse(text), bytes: bytes.byteLength };
}

async function logOf(
  s: Services,
  source: Source,
  frontmatter: Record<string, unknown>,
  manifestBytes: number,
): Promise<SourceFile> {
  const named = logName(frontmatter);
  if ('problem' in named)
    throw new ApiError(named.path ? 'INVALID_PATH' : 'INVALID_FRONTMATTER', named.problem);
  const files = await s.sources.files(source);
  const log = files.find((file) => file.relative === named.name);
  if (!log) throw new ApiError('INVALID_PATH', `native_log_file is not in the source folder`);
  if (manifestBytes + log.file.size > s.settings.SYNC_MAX_BYTES)
    throw new ApiError('SYNC_TOO_LARGE', `the trace is over ${s.settings.SYNC_MAX_BYTES} bytes`);
  return log;
}

interface Shared {
  source: Source;
  prefix: string;
  session: string;
  bytes_copied: number;
  files_copied: number;
  level: string;
}

function audit(s: Services, call: Call<typeof postTrace>, shared: Shared): void {
  s.audit.record(call, {
    agent_id: shared.source.agent,
    route: postTrace.path,
    via: 'bucket',
    source: `hf://buckets/${shared.source.bucket}/${shared.source.path}`,
    target_path: `${shared.prefix}manifest.md`,
    bytes: shared.bytes_copied,
    status_code: 201,
    share: call.body.share,
    session_id: shared.session,
    files_copied: shared.files_copied,
    completeness: shared.level,
  });
}
