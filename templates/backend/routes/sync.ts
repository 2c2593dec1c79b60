/** Copies by hash from a scratch bucket into the record: artifacts and shared resources. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem, isSlug } from '@collab/contract/identity.ts';
import { artifactPrefix, foldersAbove, type Source, sharedPrefix } from '@collab/contract/paths.ts';
import { syncArtifacts, syncShared } from '@collab/contract/routes/sync.ts';
import { sharedDestination } from '../domain/sync/destination.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';

export const routes: RouteModule = (s) => [
  handle(syncArtifacts, async (call) => {
    const slug = call.body.dest_slug;
    if (!isSlug(slug)) {
      const problem = agentIdProblem(slug);
      throw new ApiError(
        'INVALID_PATH',
        (problem?.message ?? 'invalid dest_slug').replace('agent_id', 'dest_slug'),
        {
          hint: problem?.hint,
        },
      );
    }
    const source = s.sources.resolve(call.body.source);
    return copy(s, call, syncArtifacts.path, source, artifactPrefix(slug, source.agent));
  }),
  handle(syncShared, async (call) => {
    const source = s.sources.resolve(call.body.source);
    const dest = sharedDestination(
      call.body.dest_path,
      source.agent,
      s.settings.HARNESS_PREFIX,
      s.profile.marks,
    );
    if ('problem' in dest) throw new ApiError('INVALID_PATH', dest.problem, { hint: dest.hint });
    const { body } = await copy(s, call, syncShared.path, source, dest.prefix, () =>
      refuseBehindFile(s, dest.prefix),
    );
    return { body: { ...body, dest: sharedPrefix(call.body.dest_path) } };
  }),
];

type Sync = Call<typeof syncArtifacts> | Call<typeof syncShared>;

/** A path that is a file and a folder too could be copied to no disk any more, and with it nothing around it. */
async function refuseBehindFile(s: Services, dest: string): Promise<void> {
  const found = await s.hub
    .pathsInfo(s.settings.CENTRAL_BUCKET, foldersAbove(dest))
    .catch(hubFailure('look at the destination'));
  if (found[0]) throw new ApiError('INVALID_PATH', `${found[0].path} is a file, not a folder`);
}

async function copy(
  s: Services,
  call: Sync,
  route: string,
  source: Source,
  dest: string,
  check: () => Promise<void> = async () => {},
) {
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  await check();
  const listed = await s.sources.files(source);
  const copies = listed.map(({ relative, file }) => ({
    path: `${dest}${relative}`,
    xetHash: file.xetHash,
    sourceBucket: source.bucket,
    size: file.size,
  }));
  await s.store.submit({ build: () => ({ files: copies.length > 0 ? { copies } : null, answer: null }) });
  const bytes_copied = copies.reduce((sum, { size }) => sum + size, 0);
  s.audit.record(call, {
    agent_id: source.agent,
    route,
    via: 'bucket',
    source: `hf://buckets/${source.bucket}/${source.path}`,
    target_path: dest,
    bytes: bytes_copied,
    status_code: 200,
    ...(writer.auth === 'none' && { auth: 'none' }),
    file_count: copies.length,
  });
  const files = listed.map(({ relative, file }) => ({
    src_path: file.path,
    dest_path: `${dest}${relative}`,
    bytes: file.size,
  }));
  return { body: { dest, files, bytes_copied } };
}
