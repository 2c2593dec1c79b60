import { createHash, randomBytes } from 'node:crypto';
import {
  copyFile,
  createRepo,
  deleteFile,
  deleteRepo,
  downloadFile,
  fileExists,
  HubApiError,
  listFiles,
  pathsInfo,
  repoExists,
  uploadFiles,
  whoAmI,
} from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
beforeAll(async () => {
  hub = await testHub();
});
afterAll(() => hub.remove());

const admin = () => ({ hubUrl: hub.url, accessToken: TOKENS.admin });
const bucket = (name: string) => ({ type: 'bucket', name }) as const;

async function put(
  name: string,
  files: Record<string, Uint8Array | string>,
  accessToken: string = TOKENS.admin,
) {
  await uploadFiles({
    hubUrl: hub.url,
    accessToken,
    repo: bucket(name),
    files: Object.entries(files).map(([path, content]) => ({
      path,
      content: new Blob([content as BlobPart]),
    })),
  });
}

async function get(name: string, path: string, accessToken: string = TOKENS.admin) {
  const blob = await downloadFile({ hubUrl: hub.url, accessToken, repo: bucket(name), path });
  return blob === null ? null : Buffer.from(await blob.arrayBuffer());
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('@huggingface/hub against the embedded hub', () => {
  it('tells who one is', async () => {
    const me = await whoAmI(admin());
    expect(me).toMatchObject({ type: 'user', name: 'organizer', isPro: true });
    expect((me as { orgs: unknown[] }).orgs[0]).toMatchObject({
      name: 'acme',
      roleInOrg: 'admin',
      plan: 'team',
    });
    await expect(whoAmI({ hubUrl: hub.url, accessToken: 'hf_wrong' })).rejects.toMatchObject({
      statusCode: 401,
    });
  });

  it('uploads, lists, reads, copies and deletes', async () => {
    await createRepo({ ...admin(), repo: bucket('acme/one') });
    const big = randomBytes(3_000_000);
    const text = 'hello hub\n'.repeat(20_000);
    await put('acme/one', { 'a.txt': 'A', 'dir/empty': '', 'dir/big.bin': big, 'dir/text.md': text });
    const names = [];
    for await (const file of listFiles({ ...admin(), repo: bucket('acme/one'), recursive: true }))
      names.push(`${file.path} ${file.size}`);
    expect(names).toEqual(['a.txt 1', 'dir/big.bin 3000000', 'dir/empty 0', `dir/text.md ${text.length}`]);
    expect(sha((await get('acme/one', 'dir/big.bin')) as Buffer)).toBe(sha(big));
    expect((await get('acme/one', 'dir/text.md'))?.toString()).toBe(text);
    expect((await get('acme/one', 'dir/empty'))?.length).toBe(0);
    expect(await get('acme/one', 'missing')).toBeNull();
    const blob = await downloadFile({ ...admin(), repo: bucket('acme/one'), path: 'dir/big.bin' });
    const part = Buffer.from(await (blob as Blob).slice(1_000_000, 1_000_100).arrayBuffer());
    expect(part.equals(big.subarray(1_000_000, 1_000_100))).toBe(true);
    await copyFile({
      ...admin(),
      source: { repo: bucket('acme/one'), path: 'dir/big.bin' },
      destination: { repo: bucket('acme/one'), path: 'copy.bin' },
    });
    expect(sha((await get('acme/one', 'copy.bin')) as Buffer)).toBe(sha(big));
    await deleteFile({ ...admin(), repo: bucket('acme/one'), path: 'a.txt' });
    expect(await fileExists({ ...admin(), repo: bucket('acme/one'), path: 'a.txt' })).toBe(false);
    const info = await pathsInfo({ ...admin(), repo: bucket('acme/one'), paths: ['a.txt', 'dir/text.md'] });
    expect(info.map((file) => file.path)).toEqual(['dir/text.md']);
    await deleteRepo({ ...admin(), repo: bucket('acme/one') });
    expect(await repoExists({ ...admin(), repo: bucket('acme/one') })).toBe(false);
  });

  it('makes a private bucket and shows it to members only', async () => {
    await createRepo({ ...admin(), repo: bucket('acme/secret'), visibility: 'private' });
    await put('acme/secret', { x: 'x' });
    expect((await get('acme/secret', 'x', TOKENS.reader))?.toString()).toBe('x');
    await expect(get('acme/secret', 'x', TOKENS.outsider)).rejects.toMatchObject({ statusCode: 404 });
    await expect(put('acme/secret', { y: 'y' }, TOKENS.reader)).rejects.toBeInstanceOf(HubApiError);
    await expect(createRepo({ ...admin(), repo: bucket('acme/secret') })).rejects.toMatchObject({
      statusCode: 409,
    });
  });

  it('uploads to a Space', async () => {
    const repo = { type: 'space', name: 'acme/app' } as const;
    const first = [
      { path: 'notes/first.txt', content: new TextEncoder().encode('with the creation').buffer },
    ];
    await createRepo({ ...admin(), repo, sdk: 'docker', files: first });
    const created = await downloadFile({ ...admin(), repo, path: 'notes/first.txt' });
    expect(await created?.text()).toBe('with the creation');
    await deleteFile({ ...admin(), repo, path: 'notes/first.txt' });
    await uploadFiles({
      ...admin(),
      repo,
      files: [
        { path: 'README.md', content: new Blob(['---\ntitle: App\n---\n']) },
        { path: 'src/a.js', content: new Blob(['1']) },
      ],
    });
    const names = [];
    for await (const file of listFiles({ ...admin(), repo, recursive: true })) names.push(file.path);
    expect(names.sort()).toEqual(['README.md', 'src', 'src/a.js']);
    const file = await downloadFile({ ...admin(), repo, path: 'src/a.js' });
    expect(await file?.text()).toBe('1');
    await deleteRepo({ ...admin(), repo });
  });
});
