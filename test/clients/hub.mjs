// The hub the clients meet: users with every role and kind of token, and things they may and may not touch.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createRepo, uploadFiles } from '@huggingface/hub';

const narrow = [{ name: 'acme/open', type: 'bucket', permissions: ['repo.content.read'] }];
const SEED = {
  users: [
    {
      name: 'organizer',
      token: 'hf_organizer',
      pro: true,
      tokens: [
        { token: 'hf_admin_read', role: 'read' },
        { token: 'hf_narrow', role: 'fineGrained', scopes: narrow },
      ],
    },
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

export async function startHub(root, scratch) {
  const seed = join(scratch, 'seed.yaml');
  writeFileSync(seed, JSON.stringify(SEED));
  const args = ['hub', '--dir', join(scratch, 'hub'), '--port', '0', '--seed', seed];
  const child = spawn(process.execPath, [join(root, 'dist/cli.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    exited.then((code) => Promise.reject(new Error(`the hub ended with ${code}`))),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { url: JSON.parse(line).url, stop };
}

/** Buckets and Spaces that the clients find there. */
export async function prepare(hubUrl) {
  const admin = { hubUrl, accessToken: 'hf_organizer' };
  const repo = (type, name) => ({ type, name });
  await createRepo({ ...admin, repo: repo('bucket', 'acme/cross') });
  await createRepo({ ...admin, repo: repo('bucket', 'acme/open') });
  await createRepo({ ...admin, repo: repo('bucket', 'acme/closed'), visibility: 'private' });
  await createRepo({ ...admin, repo: repo('space', 'acme/app'), sdk: 'docker' });
  await createRepo({ ...admin, repo: repo('space', 'poor/page'), sdk: 'static' });
  const files = [{ path: 'a.txt', content: new Blob(['a']) }];
  const inFolder = [{ path: 'folder/x', content: new Blob(['x']) }];
  await uploadFiles({ ...admin, repo: repo('space', 'acme/app'), files: inFolder });
  for (const name of ['acme/open', 'acme/closed'])
    await uploadFiles({ ...admin, repo: repo('bucket', name), files });
}
