/** Texts that carry a credential are refused before anybody can read them. */
import { ApiError } from '@collab/contract/errors.ts';

const KINDS: [string, RegExp][] = [
  ['a Hugging Face token', /\bhf_(?:oauth_)?[A-Za-z0-9]{20,}/],
  ['an agent key', /\bccak_[A-Za-z0-9_-]{20,}/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/],
  ['an API key', /\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}/],
  ['an AWS key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a Slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20,}/],
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['a JSON web token', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/],
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
