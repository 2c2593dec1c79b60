/**
 * What surely is a credential, by its own form. The server refuses text that holds one, `check` refuses it in settings and
 * task texts, the client takes it out of traces. Anchored starts and bounded parts: on hostile text each pattern takes
 * time in proportion to it.
 */
export const CREDENTIALS: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'a Hugging Face token', pattern: /(?<![A-Za-z0-9])hf_(?:oauth_|jwt_)?[A-Za-z0-9]{16,}/ },
  { kind: 'an agent key', pattern: /(?<![A-Za-z0-9])ccak_[A-Za-z0-9_-]{16,}/ },
  { kind: 'an evaluator key', pattern: /(?<![A-Za-z0-9])ccek_[A-Za-z0-9_-]{16,}/ },
  {
    kind: 'a GitHub token',
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/,
  },
  { kind: 'an API key', pattern: /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}/ },
  { kind: 'an AWS key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])/ },
  { kind: 'a Slack token', pattern: /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  { kind: 'a GitLab token', pattern: /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{16,}/ },
  { kind: 'a private key', pattern: /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----/ },
  {
    kind: 'a JSON web token',
    pattern:
      /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}(?:\.[A-Za-z0-9_-]{1,4000})?/,
  },
];

/** The first credential in a text: its kind and where it starts; `null` when there is none. */
export function findCredential(text: string): { kind: string; at: number } | null {
  for (const { kind, pattern } of CREDENTIALS) {
    const at = text.search(pattern);
    if (at >= 0) return { kind, at };
  }
  return null;
}
