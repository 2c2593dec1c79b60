import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Challenge } from './harness.ts';
import { python } from './process.ts';

/** Adds to a submission what no version control or package would carry. */
export type Spoil = (folder: string, bench: { io: Io; challenge: Challenge }) => Promise<void>;

export const linkOut: Spoil = (folder, { challenge }) =>
  symlink(join(challenge.dir, 'challenge.yaml'), join(folder, 'weights.json'));

/** The identity of a submission has one line per file: a name must not be able to look like two of them. */
export const forgedName: Spoil = (folder) => writeFile(join(folder, `a\n${'0'.repeat(64)}  b`), '');

/** Archives whose members would be written to `target`, if anybody unpacked them. */
export const archivesTo =
  (target: string): Spoil =>
  async (folder, { io }) => {
    const made = await python(io, ['-c', MAKE_ARCHIVES, folder, target], { cwd: folder, timeoutMs: 60_000 });
    if (made.code !== 0) throw new CollabError('SELFTEST_FAILED', `no archives: ${made.output}`);
  };

/** A tar with a link and a path out of itself, and 64 MiB of zeros in a small zip. */
const MAKE_ARCHIVES = `import io, sys, tarfile, zipfile
folder, target = sys.argv[1:]
with tarfile.open(folder + '/weights.tar', 'w') as tar:
    link = tarfile.TarInfo('link'); link.type, link.linkname = tarfile.SYMTYPE, '/'
    tar.addfile(link)
    for name in ('../' * 12 + target.lstrip('/'), 'link' + target):
        member = tarfile.TarInfo(name); member.size = 1
        tar.addfile(member, io.BytesIO(b'x'))
with zipfile.ZipFile(folder + '/weights.zip', 'w', zipfile.ZIP_DEFLATED) as out:
    out.writestr('zeros', bytes(64 << 20))
`;
