import type { syncRoutes } from '@collab/contract/routes/sync.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf } from '../records.ts';
import { openScratch } from '../scratch.ts';
import { readSubmission } from '../submission.ts';
import { session, text, type Verb } from '../verb.ts';

export const share: Verb = {
  args: '<folder>',
  summary: 'share a folder with everybody: your artifacts, or a resource with --resource',
  options: { as: { type: 'string' }, resource: { type: 'boolean' } },
  docs: {
    as: 'name it gets (else that of the folder)',
    resource: 'to shared_resources/ instead of artifacts/',
  },
  async run(context) {
    const [folder] = context.positionals;
    if (!folder) throw new ClientError('BAD_FLAG', 'Name the folder: share <folder>.');
    const own = await session(context);
    const { agent_id, agent_bucket, agent_key } = own.profile;
    const files = await readSubmission(context.io.cwd, folder);
    const name = text(context, 'as') ?? files.name;
    const prefix = `shared/${name}-${files.sha256.slice(0, 12)}`;
    await (await openScratch(context.io, own)).upload(files, prefix);
    const source = `hf://buckets/${agent_bucket}/${prefix}`;
    const [path, body] =
      context.options.resource === true
        ? ['/v1/shared-resources:sync', { source, dest_path: `${name}_${agent_id}` }]
        : ['/v1/artifacts:sync', { source, dest_slug: name }];
    const answer = await own.api.call<AnswerOf<typeof syncRoutes.syncArtifacts>>(path as string, {
      method: 'POST',
      body,
      bearer: agent_key,
    });
    return {
      data: { ...answer },
      text: `${answer.files.length} files, ${answer.bytes_copied} bytes, at ${answer.dest}`,
    };
  },
};
