import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/helpers/cpu.ts';
import { oauthScopes, readCard } from './card.ts';
import { readDockerfile } from './dockerfile.ts';

describe('readDockerfile', () => {
  it.each([
    ['FROM node\nCMD ["node","server.mjs"]', { program: 'node', args: ['server.mjs'], env: {} }],
    ['cmd ["python", "-m", "app"]', { program: 'python3', args: ['-m', 'app'], env: {} }],
    ['CMD ["node","a.js"]\nCMD ["node","b.js"]\n', { program: 'node', args: ['b.js'], env: {} }],
    ['ENV A=1 \\\n    B="x y"\nCMD ["node"]\r\n', { program: 'node', args: [], env: { A: '1', B: 'x y' } }],
    ['CMD ["/usr/local/bin/python3.12", "run.py"]', { program: 'python3', args: ['run.py'], env: {} }],
    ['ENTRYPOINT ["python3"]\nCMD ["loop.py", "--once"]', { args: ['loop.py', '--once'] }],
    ['FROM node AS build\nENV A=1\nCMD ["node"]\nFROM python\nCMD ["python3","x.py"]', { env: {} }],
    ['WORKDIR /srv\nWORKDIR /app\nCMD ["node"]', { workdir: '/app' }],
    ['RUN pip install \\\n  # why\n  numpy\nCMD ["python3"]', { skipped: ['RUN pip install    numpy'] }],
  ])('%j', (text, expected) => {
    expect(readDockerfile(text)).toMatchObject(expected);
  });

  it.each(['', 'FROM x', 'CMD node server.mjs', 'CMD ["bash"]', 'CMD ["node", 1]', 'CMD [node]', 'CMD []'])(
    'refuses %j',
    (text) => {
      expect(() => readDockerfile(text)).toThrow('CMD');
    },
  );
});

it.each([
  ['blanks inside a line', `RUN x${' '.repeat(100_000)}x`],
  ['a long word', `ENV ${'a'.repeat(100_000)}`],
])('a Dockerfile ends soon: %s', async (_name, line) => {
  const read = () => expect(readDockerfile(`FROM x\n${line}\nCMD ["node","a"]`).args).toEqual(['a']);
  expect(await cpuMs(read)).toBeLessThan(4_000);
});

describe('readCard', () => {
  it('a long one is none: whoever asks for the Space would have it read again', async () => {
    const read = () => expect(readCard(`---\na: ${'"x" '.repeat(300_000)}\n---\n`)).toEqual({});
    expect(await cpuMs(read)).toBeLessThan(4_000);
  });
  it('reads the front matter and what it says about logins', () => {
    const card = readCard('---\ntitle: A\nhf_oauth: true\nhf_oauth_scopes:\n  - email\n---\ntext');
    expect(card.title).toBe('A');
    expect(oauthScopes(card)).toEqual(['openid', 'profile', 'email']);
    expect(oauthScopes(readCard('no front matter'))).toBeNull();
    expect(readCard('---\n: : [\n---\n')).toEqual({});
  });
});
