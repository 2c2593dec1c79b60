/** Texts that carry a credential are refused before anybody can read them. */
import { ApiError } from '@collab/contract/errors.ts';

/** Fixed lengths and anchored starts: on hostile text each pattern takes time in proportion to it. */
const KINDS: [string, RegExp][] = [
  ['a Hugging Face token', /(?<![A-Za-z0-9])hf_(?:oauth_)?[A-Za-z0-9]{20}/],
  ['an agent key', /(?<![A-Za-z0-9])ccak_[A-Za-z0-9_-]{20}/],
  ['a GitHub token', /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20}|github_pat_[A-Za-z0-9_]{20})/],
  ['an API key', /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20}/],
  ['an AWS key', /(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])/],
  ['a Slack token', /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10}/],
  ['a GitLab token', /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}/],
  ['a private key', /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----/],
  ['a JSON web token', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10}/],
];

/** What kind of secret stands where; `null` when none was found. */
export function findSecret(text: string): { kind: string; line: number } | null {
  for (const [kind, pattern] of KINDS) {
    const at = text.search(pattern);
    if (at >= 0) return { kind, line: text.slice(0, at).split('\n').length };
  }
  return null;
}

/** @throws ApiError SECRET_IN_TEXT, naming kind and line, never the secret. */
export function refuseSecrets(text: string, what: string): void {
  const found = findSecret(text);
  if (found)
    throw new ApiError('SECRET_IN_TEXT', `${what} holds ${found.kind} (line ${found.line})`, {
      hint: 'take it out, revoke it, and post again',
    });
}
