import { CREDENTIALS } from '@collab/contract/secrets.ts';

export interface Rule {
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

/** Those that the whole project knows by their form; of a private key the whole block goes, above. */
const certain: Rule[] = CREDENTIALS.filter(({ kind }) => kind !== 'a private key').map(
  ({ kind, pattern }) => ({
    kind: kind.replace(/^an? /, '').toLowerCase().replaceAll(' ', '-'),
    pattern: new RegExp(pattern, 'g'),
  }),
);

/** Every pattern is bounded: a hostile log takes time in proportion to its length. */
export const RULES: readonly Rule[] = [
  {
    kind: 'private-key',
    pattern: new RegExp(`${PEM_BEGIN}(?:${PEM_BODY}{0,20000}?${PEM_END}|${PEM_BODY}{0,20000})`, 'g'),
  },
  ...certain,
  { kind: 'age-key', pattern: /AGE-SECRET-KEY-1[A-Z0-9]{20,}/g },
  { kind: 'hf-token', pattern: /\bhf_(?:oauth_|jwt_)?(?=[A-Za-z0-9._-]{0,200}[A-Z0-9])[A-Za-z0-9._-]{8,}/g },
  { kind: 'hf-token', pattern: /\bapi_org_[A-Za-z]{20,}/g },
  { kind: 'slack-token', pattern: /\bxapp-[A-Za-z0-9-]{8,}/g },
  { kind: 'slack-webhook', pattern: /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{8,}/g },
  { kind: 'discord-webhook', pattern: /discord(?:app)?\.com\/api\/webhooks\/\d{5,}\/[A-Za-z0-9_-]{20,}/g },
  {
    kind: 'google-key',
    pattern: /\bAIza[0-9A-Za-z_-]{30,}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}/g,
  },
  { kind: 'stripe-key', pattern: /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9]{16,}/g },
  { kind: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{30,}/g },
  { kind: 'pypi-token', pattern: /\bpypi-[A-Za-z0-9_-]{40,}/g },
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
      /\b(?:gsk|xai|r8|fal|pplx|nvapi|tvly|ntn|lin_api|dckr_pat|dop_v1|hvs|sess|rk)[_.-][A-Za-z0-9_-]{24,}/g,
  },
  { kind: 'sendgrid-key', pattern: /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g },
  { kind: 'telegram-token', pattern: /\b\d{8,10}:AA[A-Za-z0-9_-]{30,}/g },
  { kind: 'databricks-token', pattern: /\bdapi[0-9a-f]{32}/g },
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
