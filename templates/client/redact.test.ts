import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs } from '../../test/helpers/cpu.ts';
import { redact } from './redact.ts';

const letters = 'Qw3rTy9uIoPaS5dFgHjK1zXcVbNm7L0p';
const long = letters + letters;

/** Each is put together here so that no scanner takes this file for a leak. */
const SAMPLES: [string, string, string][] = [
  ['hf token', `hf_${letters}`, letters],
  ['short hf token', 'hf_Fake12345', 'Fake12345'],
  ['hf oauth', `hf_oauth_${letters}`, letters],
  ['agent key', `ccak_${letters}`, letters],
  ['github pat', `github_pat_${long}`, long],
  ['github classic', `ghp_${letters}`, letters],
  ['gitlab', `glpat-${letters}`, letters],
  ['slack', `xoxb-${'123456789012'}-${letters}`, letters],
  ['google', `AIza${long}`, long],
  ['stripe', `sk_live_${letters}`, letters],
  ['npm', `npm_${long}`, long],
  ['aws id', `AKIA${'ABCDEFGHIJ234567'}`, 'ABCDEFGHIJ234567'],
  ['aws session id', `ASIA${'ABCDEFGHIJ234567'}`, 'ABCDEFGHIJ234567'],
  ['aws secret', `aws_secret_access_key = ${letters}/abcdEFGH`, letters],
  ['openai', `sk-proj-${long}`, long],
  ['pem', `-----BEGIN RSA PRIVATE KEY-----\n${long}\n-----END RSA PRIVATE KEY-----`, long],
  ['pem without end', `-----BEGIN OPENSSH PRIVATE KEY-----\n${long}`, long],
  ['jwt', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${letters}`, letters],
  ['url password', `postgres://me:${letters}@db.example/x`, letters],
  ['url token', `https://${letters}@example.org/x.git`, letters],
  ['basic header', `Authorization: Basic ${letters}==`, letters],
  ['bearer header', `Authorization: Bearer ${letters}`, letters],
  ['curl user', `curl -u me:${letters} https://example.org`, letters],
  ['assignment', `MY_API_KEY=${letters}`, letters],
  ['password', 'password: "correct horse"', 'correct'],
];

describe('redact', () => {
  test.each(SAMPLES)('T2: %s, as plain text', (_name, sample, secret) => {
    const { text, count } = redact(`before ${sample} after`);
    expect(text).not.toContain(secret);
    expect(count).toBeGreaterThan(0);
    expect(text).toContain('before ');
  });

  test.each(SAMPLES)('T2: %s, inside JSON inside JSON lines', (_name, sample, secret) => {
    const inner = JSON.stringify({ headers: { note: sample }, raw: sample });
    const line = JSON.stringify({ type: 'tool_result', content: inner });
    const { text } = redact(line);
    expect(text).not.toContain(secret);
    expect(() => JSON.parse(JSON.parse(text).content)).not.toThrow();
  });

  test('T2: a bearer header as a JSON key, escaped twice', () => {
    const inner = JSON.stringify({ Authorization: `Bearer ${letters}` });
    const { text } = redact(JSON.stringify({ text: JSON.stringify({ inner }) }));
    expect(text).not.toContain(letters);
  });

  test('the own credentials go wherever they stand', () => {
    const { text, count } = redact('x=plainlookingvalue;plainlookingvalue', ['plainlookingvalue']);
    expect(text).not.toContain('plainlookingvalue');
    expect(count).toBe(2);
  });

  const HARMLESS = [
    '{"usage":{"input_tokens":123456789,"output_tokens":42}}',
    'const token = await hfToken(io);',
    'from huggingface_hub import hf_hub_download',
    'git commit 0123456789abcdef0123456789abcdef01234567',
    'see https://example.org/path?x=1 and mail me@example.org',
    'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'the secret of the trick is to sort first',
  ];
  test.each(HARMLESS)('keeps %s', (line) => {
    expect(redact(line)).toEqual({ text: line, count: 0 });
  });

  test('JSON stays JSON, whatever stands around a secret', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...SAMPLES), fc.string(), (before, [, sample], after) => {
        const line = JSON.stringify({ a: before + sample + after, b: { c: sample } });
        expect(() => JSON.parse(redact(line).text)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test('takes linear time on hostile text', async () => {
    const text = `-----BEGIN PRIVATE KEY-----${'authorization:'.repeat(20_000)}${'a'.repeat(300_000)}`;
    expect(await cpuMs(() => redact(text))).toBeLessThan(3000);
  });

  test.each([
    'eyJ-',
    'hf_a.',
    'hf_',
    'sk-',
    'SG.',
    '-----BEGIN ',
    'a:',
    'bearer ',
    '-u a:',
    'token=',
    'https://',
  ])('and on %j over and over', async (unit) => {
    expect(await cpuMs(() => redact(unit.repeat(300_000 / unit.length)))).toBeLessThan(3000);
  });
});
