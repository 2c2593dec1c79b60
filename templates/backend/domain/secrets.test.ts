import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/helpers/cpu.ts';
import { findSecret, refuseSecrets } from './secrets.ts';

/** Put together here, so that no scanner takes this file for a leak. */
const samples: [string, string][] = [
  ['a Hugging Face token', `hf_${'aB3'.repeat(12)}`],
  ['an agent key', `ccak_${'x-Y_9'.repeat(9)}`],
  ['a GitHub token', `ghp_${'a1'.repeat(18)}`],
  ['a GitHub token', `github_pat_${'a1_'.repeat(12)}`],
  ['an API key', `sk-proj-${'a1'.repeat(20)}`],
  ['an AWS key', `ASIA${'A1'.repeat(8)}`],
  ['a Slack token', `xoxb-${'12345-'.repeat(3)}`],
  ['a GitLab token', `glpat-${'a1'.repeat(10)}`],
  ['a private key', `-----BEGIN RSA ${'PRIVATE'} KEY-----`],
  ['a JSON web token', `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.c`],
];

describe('secrets', () => {
  it.each(samples)('%s is found, bare and inside JSON', (kind, secret) => {
    expect(findSecret(`one\ntwo ${secret} three`)).toEqual({ kind, line: 2 });
    expect(findSecret(JSON.stringify({ env: `X=${secret}\n` }))).toEqual({ kind, line: 1 });
  });

  it('the refusal shows the place and never the secret', () => {
    const secret = samples[0]?.[1] as string;
    expect(() => refuseSecrets(`a\nb ${secret}`, 'the message')).toThrow(
      expect.objectContaining({
        code: 'SECRET_IN_TEXT',
        message: 'the message holds a Hugging Face token (line 2)',
      }),
    );
  });

  it.each([
    ['hf_hub_download(repo)'],
    ['task-based-scheduling-of-kernels'],
    ['the sk-learn wrapper'],
    ['AKIA'],
    ['ccak_…'],
  ])('%s is none', (text) => {
    expect(findSecret(text)).toBeNull();
  });

  it('takes time in proportion to the text', async () => {
    for (const unit of [
      'eyJ-',
      'eyJ',
      'sk-',
      'sk-a-',
      'hf_',
      'ccak_',
      '-----BEGIN ',
      '-----BEGIN A ',
      'AKIA',
      'xoxb-',
      'gh',
      'eyJaaaaaaaaaaaa.',
    ].map((u) => u)) {
      const text = unit.repeat(1_000_000 / unit.length);
      expect(await cpuMs(() => findSecret(text)), unit).toBeLessThan(2_000);
    }
  });
});
