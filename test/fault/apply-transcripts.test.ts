import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { put } from './apply-fixture.ts';
import { acme, type Collab, edit, HF, onHub, own, remoteChallenge, TOKEN, users } from './apply-remote.ts';

/** What docs/provisioning.md shows is what the commands print. `npm run docs` writes it. */

const PAGE = new URL('../../docs/provisioning.md', import.meta.url);

let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-transcript-'));
  dir = await remoteChallenge(parent);
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 5 }));

/** Without what differs between two runs or two machines. */
const plain = (text: string): string =>
  text
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'https://acme-gemma-collab.hf.space')
    .replace(/\d+\.\d+\.\d+/g, '…')
    .replace(/in \d+\.\d s/g, 'in … s')
    .replace(/\b(?:599|6[0-5]\d) s ahead/g, '600 s ahead')
    .replace(/, \d+ K?B/g, ', … KB')
    .replace('sudo sntp -sS time.apple.com', 'sudo timedatectl set-ntp true')
    .replace('brew install python', 'sudo apt-get install -y python3')
    .trimEnd();

function session(collab: Collab) {
  const lines: string[] = [];
  return {
    lines,
    run: async (env: Record<string, string>, ...argv: string[]) => {
      const { code, out } = await collab(env, 'text', ...argv);
      lines.push(`$ create-collab ${argv.join(' ')}`, plain(out), `[exit ${code}]`, '');
    },
    note: (text: string) => lines.push(`# ${text}`),
  };
}

async function shownAs(name: string, lines: string[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const block = new RegExp(`(<!-- begin ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- end ${name} -->)`);
  const text = lines.join('\n').trimEnd();
  const fresh = page.replace(block, (_all, begin, end) => `${begin}\`\`\`console\n${text}\n\`\`\`\n${end}`);
  if (process.env.UPDATE_DOCS) await writeFile(PAGE, fresh);
  expect(page === fresh || process.env.UPDATE_DOCS, 'run `npm run docs`').toBeTruthy();
  for (const line of lines.flatMap((part) => part.split('\n')))
    expect(line.length, line).toBeLessThanOrEqual(100);
}

describe('docs/provisioning.md', () => {
  it('shows the first hour as it is', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const { run, note, lines } = session(collab);
      const space = { ...own, SPACE_TOKEN: TOKEN.space, PARTICIPANT_TOKEN: TOKEN.participant };
      await run(own, 'plan');
      await run(own, 'apply');
      note("The buckets are there. Now the Space's token and the invite link, both made by hand.");
      await edit(dir, (yaml) => `${yaml}  invite_url: ${HF}/organizations/acme/share/code\n`);
      await run(space, 'apply');
      await run(space, 'apply');
      await run(space, 'status');
      note('A text of the challenge is edited.');
      await put(dir, 'bucket/README.md', '# The challenge\n\nRead this first, please.\n');
      await run(space, 'plan');
      await run(space, 'apply');
      await run(space, 'destroy', '--yes');
      await shownAs('first-hour', lines);
    });
  });

  it('shows doctor on a set-up with many faults as it is', async () => {
    await put(dir, 'space/src/hub/index.ts', 'export const edited = true;\n');
    const broken = acme.map((org) => ({ ...org, plan: null, credits: 0 }));
    const seed = {
      users,
      orgs: broken.map((org) => ({
        ...org,
        members: [
          { user: 'ada', role: 'admin' as const },
          { user: 'cy', role: 'write' as const },
        ],
      })),
    };
    const work = async (collab: Collab) => {
      const { run, lines } = session(collab);
      const env = { HF_TOKEN: TOKEN.read, SPACE_TOKEN: TOKEN.space, PARTICIPANT_TOKEN: TOKEN.participant };
      await run({ ...env, PATH: parent }, 'doctor');
      await shownAs('faults', lines);
    };
    await onHub(dir, seed, work, { now: () => Date.now() + 600_000 });
  });
});
