/**
 * Takes credentials out of a log before it leaves the machine. Works on raw text, so also on JSON inside JSON lines:
 * a quote may come with any number of backslashes. Replacements hold no quote and no backslash: JSON stays JSON.
 */

interface Rule {
  kind: string;
  /** Without groups the whole match goes; with a group `keep` that part stays in front, `after` behind. */
  pattern: RegExp;
}

/** `"`, `\"`, `\\\"` or `'`, or nothing. */
const Q = String.raw`(?:\\{0,8}["'])?`;
const VALUE = String.raw`[^\s"'\\,;&<>]`;

const PEM_BEGIN = '-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----';
const PEM_END = '-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----';
/** Base64, armour headers, line ends as they are or escaped; never a lone backslash or a quote. */
const PEM_BODY = String.raw`(?:[A-Za-z0-9+/=\s:,.-]|\\{1,8}[nrt])`;

const RULES: Rule[] = [
  {
    kind: 'private-key',
    pattern: new RegExp(`${PEM_BEGIN}(?:${PEM_BODY}{0,20000}?${PEM_END}|${PEM_BODY}{0,20000})`, 'g'),
  },
  { kind: 'age-key', pattern: /AGE-SECRET-KEY-1[A-Z0-9]{20,}/g },
  { kind: 'agent-key', pattern: /\bccak_[A-Za-z0-9_-]{8,}/g },
  { kind: 'hf-token', pattern: /\bhf_(?:oauth_|jwt_)?(?=[A-Za-z0-9._-]*[A-Z0-9])[A-Za-z0-9._-]{8,}/g },
  { kind: 'hf-token', pattern: /\b(?:api_org_|hf_)[A-Za-z]{20,}/g },
  { kind: 'github-token', pattern: /\bgithub_pat_[A-Za-z0-9_]{20,}|\bgh[pousr]_[A-Za-z0-9]{16,}/g },
  { kind: 'gitlab-token', pattern: /\bgl(?:pat|dt|rt|ptt|soat|cbt|imt|agent|ft|oas)-[A-Za-z0-9_.-]{16,}/g },
  { kind: 'slack-token', pattern: /\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}/g },
  { kind: 'slack-webhook', pattern: /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{8,}/g },
  { kind: 'discord-webhook', pattern: /discord(?:app)?\.com\/api\/webhooks\/\d{5,}\/[A-Za-z0-9_-]{20,}/g },
  {
    kind: 'google-key',
    pattern: /\bAIza[0-9A-Za-z_-]{30,}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}/g,
  },
  { kind: 'stripe-key', pattern: /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9]{16,}/g },
  { kind: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{30,}/g },
  { kind: 'pypi-token', pattern: /\bpypi-[A-Za-z0-9_-]{40,}/g },
  { kind: 'aws-key-id', pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g },
  {
    kind: 'aws-secret',
    pattern: new RegExp(
      String.raw`(?<keep>aws_?secret_?(?:access_?)?key[a-z_]{0,10}${Q}\s{0,4}[:=]\s{0,4}${Q})[A-Za-z0-9/+=]{30,}`,
      'gi',
    ),
  },
  {
    kind: 'azure-key',
    pattern: /(?<keep>(?:AccountKey|SharedAccessKey|SharedAccessSignature)=)[A-Za-z0-9/+=%&_-]{20,}/g,
  },
  {
    kind: 'api-key',
    pattern:
      /\bsk-[A-Za-z0-9_-]{16,}|\b(?:gsk|xai|r8|fal|pplx|nvapi|tvly|ntn|lin_api|dckr_pat|dop_v1|hvs|sess|rk)[_.-][A-Za-z0-9_-]{24,}/g,
  },
  { kind: 'sendgrid-key', pattern: /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g },
  { kind: 'telegram-token', pattern: /\b\d{8,10}:AA[A-Za-z0-9_-]{30,}/g },
  { kind: 'databricks-token', pattern: /\bdapi[0-9a-f]{32}/g },
  { kind: 'jwt', pattern: /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}/g },
  {
    kind: 'url-password',
    pattern: /(?<keep>\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'\\]{0,128}:)[^\s@"'\\/]{1,256}(?<after>@)/gi,
  },
  { kind: 'url-token', pattern: /(?<keep>\bhttps?:\/\/)[A-Za-z0-9_-]{20,256}(?<after>@)/gi },
  {
    kind: 'auth-header',
    pattern: new RegExp(
      String.raw`(?<keep>authorization${Q}\s{0,4}[:=,]\s{0,4}${Q}\s{0,4}(?:(?:bearer|basic|token|digest|negotiate|apikey)\s{1,4})?)[A-Za-z0-9._~+/=:-]{4,}`,
      'gi',
    ),
  },
  { kind: 'bearer', pattern: /(?<keep>\bbearer\s{1,4})[A-Za-z0-9._~+/=-]{12,}/gi },
  {
    kind: 'curl-user',
    pattern: /(?<keep>\s(?:-u|--user)[ =]{1,3}\\{0,8}["']?[^\s:"'\\]{1,64}:)[^\s"'\\]{1,256}/g,
  },
  {
    kind: 'password',
    pattern: new RegExp(
      String.raw`(?<keep>\b[A-Za-z0-9_-]{0,40}(?:passw(?:or)?d|passphrase|pgpassword)${Q}\s{0,4}[:=]\s{0,4}${Q})(?!\$|process\.|os\.|<|null|None|true|false|undefined)${VALUE}{4,256}`,
      'gi',
    ),
  },
  {
    kind: 'secret',
    pattern: new RegExp(
      String.raw`(?<keep>\b[A-Za-z0-9_-]{0,40}(?:api_?-?key|secret(?:_?-?key)?|token|access_?-?key|private_?-?key|client_?-?secret|credential|cookie)${Q}\s{0,4}[:=]\s{0,4}${Q})(?=${VALUE}{0,255}[A-Za-z])(?=${VALUE}{0,255}[0-9])${VALUE}{8,256}`,
      'gi',
    ),
  },
];

/**
 * @param known exact values to remove wherever they stand: the caller's own token and agent key
 * @returns the text without them, and how many were taken out
 */
export function redact(text: string, known: readonly string[] = []): { text: string; count: number } {
  let count = 0;
  const mark = (kind: string) => {
    count += 1;
    return `<REDACTED:${kind}>`;
  };
  let out = text;
  for (const value of known.filter((v) => v.length >= 8))
    out = out.replaceAll(value, () => mark('own-credential'));
  for (const { kind, pattern } of RULES) {
    out = out.replace(pattern, (...args) => {
      const groups = args.at(-1) as Record<string, string | undefined> | string;
      const named = typeof groups === 'object' ? groups : {};
      return `${named.keep ?? ''}${mark(kind)}${named.after ?? ''}`;
    });
  }
  return { text: out, count };
}
