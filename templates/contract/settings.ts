/**
 * THE settings of the collaboration server: what it reads from its environment, and nothing else. The generator's
 * field table, the Space variables, the docs and the server's own parser are readers of this list.
 */

/** The Hub everybody shares, where nothing else is said. */
export const PUBLIC_HUB = 'https://huggingface.co';

export type SettingType = 'string' | 'int' | 'float' | 'bool' | 'csv' | 'json' | 'desc|asc';

export interface Setting {
  /** Environment variable. The reference server's name wherever it has the setting. */
  env: string;
  type: SettingType;
  /** As text, as it would stand in the environment. Absent: required. */
  default?: string;
  /** Path in challenge.yaml that it derives from, when it does. */
  from?: string;
  secret?: boolean;
  doc: string;
}

export const SETTINGS = [
  { env: 'HF_ENDPOINT', type: 'string', default: PUBLIC_HUB, doc: 'Hub to talk to.' },
  { env: 'HF_TOKEN', type: 'string', secret: true, doc: 'Token the server reads and writes the Hub with.' },
  { env: 'PORT', type: 'int', default: '7860', doc: 'Port to listen on.' },
  { env: 'HOST', type: 'string', default: '0.0.0.0', doc: 'Address to listen on.' },
  { env: 'ORG', type: 'string', from: 'hub.org', doc: 'Organization the participants belong to.' },
  {
    env: 'COLLAB_SLUG',
    type: 'string',
    from: 'challenge.slug',
    doc: 'Scratch bucket = {ORG}/{COLLAB_SLUG}-{agent_id}.',
  },
  {
    env: 'CENTRAL_BUCKET',
    type: 'string',
    default: '',
    from: 'hub.central_bucket',
    doc: 'Shared record. Empty: {ORG}/{COLLAB_SLUG}-main-bucket.',
  },
  {
    env: 'AUDIT_BUCKET',
    type: 'string',
    from: 'hub.private_bucket',
    doc: 'Private bucket: audit, quota, keys, runs, evaluation data.',
  },
  {
    env: 'JOB_QUOTA_LEDGER_PATH',
    type: 'string',
    default: 'quota/job_ledger.jsonl',
    doc: 'In the private bucket.',
  },

  {
    env: 'CHALLENGE_TITLE',
    type: 'string',
    default: 'Agent collaboration',
    from: 'challenge.title',
    doc: 'Shown in the dashboard.',
  },
  {
    env: 'CHALLENGE_TAGLINE',
    type: 'string',
    default: '',
    from: 'challenge.tagline',
    doc: 'Shown in the dashboard.',
  },
  {
    env: 'INVITE_URL',
    type: 'string',
    default: '',
    from: 'hub.invite_url',
    doc: 'Where a newcomer joins the organization.',
  },
  {
    env: 'LANES',
    type: 'json',
    default: '[]',
    from: 'challenge.lanes',
    doc: 'Research avenues: list of {id, title}.',
  },

  {
    env: 'SCORE_FIELD',
    type: 'string',
    default: 'score',
    from: 'metric.field',
    doc: 'Frontmatter field results are ranked on.',
  },
  {
    env: 'SCORE_LABEL',
    type: 'string',
    default: 'Score',
    from: 'metric.label',
    doc: 'Name of the score for people.',
  },
  { env: 'SCORE_UNIT', type: 'string', default: 'points', from: 'metric.unit', doc: 'Only for texts.' },
  {
    env: 'SCORE_ORDER',
    type: 'desc|asc',
    default: 'desc',
    from: 'metric.order',
    doc: '`desc`: higher is better.',
  },
  {
    env: 'SCORE_MIN_IMPROVEMENT',
    type: 'float',
    default: '0',
    from: 'metric.min_improvement',
    doc: 'Relative improvement that first place needs.',
  },
  {
    env: 'SCORE_ALLOW_NON_POSITIVE',
    type: 'bool',
    default: 'true',
    from: 'metric.allow_non_positive',
    doc: 'Whether a score of zero or below is a score. Never in profile compat.',
  },
  {
    env: 'REQUIRED_RESULT_FIELDS',
    type: 'csv',
    default: 'score,method,status,description',
    from: 'metric.required_fields',
    doc: 'The score field is put in front when it is missing.',
  },
  {
    env: 'SECONDARY_FIELD',
    type: 'string',
    default: '',
    from: 'metric.secondary_field',
    doc: 'Second column of the board.',
  },
  {
    env: 'SECONDARY_LABEL',
    type: 'string',
    default: '',
    from: 'metric.secondary_label',
    doc: 'Its heading.',
  },
  {
    env: 'GATES',
    type: 'json',
    default: '[]',
    from: 'gates',
    doc: 'Quality gates: list of {id, field, op, limit, …}.',
  },
  {
    env: 'DIVISIONS',
    type: 'json',
    default: '[]',
    from: 'divisions',
    doc: 'List of {id, label, gates, headline?}.',
  },

  {
    env: 'WRITE_AUTH',
    type: 'string',
    default: 'key',
    doc: '`key`: every agent write is authenticated; `open`: as the reference.',
  },
  {
    env: 'REGISTRATION',
    type: 'string',
    default: 'nonce',
    doc: '`nonce`, or `compat` to take the username handshake as well.',
  },

  { env: 'SYNC_MAX_BYTES', type: 'int', default: '5368709120', doc: 'Per sync call and per full trace.' },
  { env: 'SYNC_MAX_FILES', type: 'int', default: '10000', doc: 'Per sync call.' },
  {
    env: 'BUCKET_WRITE_PER_MINUTE',
    type: 'int',
    default: '60',
    doc: 'Sustained source writes, per agent; three times as many per user.',
  },
  {
    env: 'BUCKET_WRITE_BURST',
    type: 'int',
    default: '20',
    doc: 'Source writes in any ten seconds, per agent; three times as many per user.',
  },
  {
    env: 'RAW_MESSAGE_PER_MINUTE',
    type: 'int',
    default: '5',
    doc: 'Inline posts, per agent or human; three times as many per user.',
  },
  {
    env: 'RAW_MESSAGE_PER_HOUR',
    type: 'int',
    default: '30',
    doc: 'Inline posts, per agent or human; three times as many per user.',
  },
  { env: 'REGISTRATION_PER_MINUTE', type: 'int', default: '3', doc: 'Per caller.' },
  {
    env: 'LISTING_TTL_S',
    type: 'float',
    default: '30',
    doc: 'How old the picture of foreign edits may get.',
  },
  {
    env: 'CONTENT_CACHE_MAX_BYTES',
    type: 'int',
    default: '67108864',
    doc: 'Bound of parsed bodies kept in memory.',
  },
  { env: 'EXPAND_MAX_LIMIT', type: 'int', default: '200', doc: 'Cap on expanded pages.' },
  { env: 'MENTION_FANOUT_CAP', type: 'int', default: '10', doc: 'Inbox copies per message.' },
  { env: 'ORG_ROLES_TTL_S', type: 'float', default: '300', doc: 'How long a role is remembered.' },
  { env: 'MESSAGE_MAX_BYTES', type: 'int', default: '1048576', doc: 'One message or result.' },

  {
    env: 'JOBS_ENABLED',
    type: 'bool',
    default: 'false',
    from: 'hardware.jobs_enabled',
    doc: 'Serves POST /v1/jobs:run.',
  },
  {
    env: 'HARNESS_PREFIX',
    type: 'string',
    default: 'shared_resources/harness',
    doc: 'Folder in the central bucket; organizers only.',
  },
  {
    env: 'JOB_HARNESS_ENTRYPOINT',
    type: 'string',
    default: 'run.py',
    from: 'hardware.entrypoint',
    doc: 'File in it.',
  },
  {
    env: 'JOB_EXAM_ENTRYPOINT',
    type: 'string',
    default: 'downstream.py',
    doc: 'File in it that measures the gates of results near the top (when: top-k or champion).',
  },
  {
    env: 'JOB_EXTRA_ARGS',
    type: 'json',
    default: '[]',
    from: 'hardware.extra_args',
    doc: 'List of strings appended to the command.',
  },
  {
    env: 'JOB_IMAGE',
    type: 'string',
    default: 'python:3.12',
    from: 'hardware.image',
    doc: 'Image of the job.',
  },
  {
    env: 'JOB_FLAVOR',
    type: 'string',
    default: 'a10g-small',
    from: 'hardware.flavor',
    doc: 'Hardware of the job.',
  },
  {
    env: 'JOB_TIMEOUT_MINUTES',
    type: 'int',
    default: '40',
    from: 'hardware.timeout_minutes',
    doc: 'Platform limit of one job.',
  },
  {
    env: 'JOB_WATCH_POLL_S',
    type: 'float',
    default: '20',
    from: 'hardware.watch_poll_s',
    doc: 'How often a running job is looked at.',
  },
  {
    env: 'JOB_WATCH_GRACE_S',
    type: 'float',
    default: '180',
    doc: 'After the limit, before it is cancelled.',
  },
  { env: 'JOB_LOG_TAIL_LINES', type: 'int', default: '2000', doc: 'Log lines kept.' },
  {
    env: 'JOB_PER_AGENT_PER_DAY',
    type: 'int',
    default: '10',
    from: 'hardware.per_agent_per_day',
    doc: 'In any 24 hours.',
  },
  {
    env: 'JOB_PER_USER_PER_DAY',
    type: 'int',
    default: '30',
    from: 'hardware.per_user_per_day',
    doc: 'In any 24 hours.',
  },
  {
    env: 'JOB_USD_PER_HOUR',
    type: 'float',
    default: '0',
    from: 'hardware.usd_per_hour',
    doc: 'Price of the flavor, for budgets.',
  },
  {
    env: 'JOB_BUDGET_USD',
    type: 'float',
    default: '0',
    from: 'hardware.budget_usd',
    doc: 'Hard stop for all jobs; 0 = none.',
  },

  {
    env: 'VERIFICATION_MODE',
    type: 'string',
    default: 'manual',
    from: 'verification.mode',
    doc: 'jobs, eval-space: every result is run again, by jobs or by an evaluator; anything else: people decide.',
  },
  {
    env: 'VERIFIER_ENABLED',
    type: 'bool',
    default: 'false',
    from: 'verification.enabled',
    doc: 'Re-run results by jobs.',
  },
  {
    env: 'VERIFIER_AGENT',
    type: 'string',
    default: '',
    from: 'verification.agent',
    doc: 'Identity that announces verdicts.',
  },
  {
    env: 'PRIVATE_DATASET_PREFIX',
    type: 'string',
    default: 'eval_dataset',
    doc: 'Folder of the private bucket mounted at /private.',
  },
  {
    env: 'VERIFICATION_RUNS_PREFIX',
    type: 'string',
    default: 'verification_runs',
    doc: 'Folder of the private bucket.',
  },
  {
    env: 'VERIFIER_SCORE_TOL',
    type: 'float',
    default: '0.05',
    doc: 'Profile compat: relative tolerance of a claim.',
  },
  {
    env: 'VERIFIER_GUARD_FIELD',
    type: 'string',
    default: '',
    doc: 'Profile compat: summary field with a cap.',
  },
  { env: 'VERIFIER_GUARD_CAP', type: 'float', default: '0', doc: 'Profile compat: that cap.' },
  {
    env: 'VERIFIER_EXTRA_ARGS',
    type: 'json',
    default: '[]',
    from: 'verification.extra_args',
    doc: 'Appended to verification jobs only.',
  },
  {
    env: 'VERIFICATION_ISOLATION',
    type: 'string',
    default: 'best',
    from: 'verification.isolation',
    doc: 'strict: a run without every layer of isolation is no verdict.',
  },
  {
    env: 'EVALUATOR_KEY_SHA256',
    type: 'string',
    default: '',
    doc: 'sha256 (hex) of the key an evaluator shows; empty: none is let in.',
  },
  {
    env: 'EVALUATOR_LEASE_S',
    type: 'float',
    default: '120',
    doc: 'An evaluator that is silent for so long has lost its run.',
  },
  {
    env: 'VERIFICATION_APPROVALS',
    type: 'int',
    default: '2',
    from: 'verification.approvals',
    doc: 'Mode peer: reviews of different users that a verdict needs.',
  },
  {
    env: 'VERIFICATION_WINDOW_HOURS',
    type: 'float',
    default: '336',
    from: 'verification.window_hours',
    doc: 'A result that nobody judged for so long expires; 0 = never. Not in mode manual.',
  },
  { env: 'VERIFIER_TOP_K', type: 'int', default: '10', doc: 'Claims for these places are verified first.' },
  {
    env: 'VERIFIER_FRESH_RUNS',
    type: 'int',
    default: '1',
    from: 'metric.repeats',
    doc: 'Runs more for a content that would take one of these places; it is ranked by them. 0: none.',
  },
  { env: 'VERIFIER_SLOTS', type: 'int', default: '1', doc: 'Verification jobs at once.' },
  {
    env: 'VERIFIER_MAX_ATTEMPTS',
    type: 'int',
    default: '2',
    doc: 'Runs of one result whose failure nobody can explain.',
  },
  {
    env: 'VERIFIER_PER_USER_PER_DAY',
    type: 'int',
    default: '30',
    doc: 'Verification runs in any 24 hours.',
  },
  {
    env: 'VERIFIER_BUDGET_USD',
    type: 'float',
    default: '0',
    doc: "Verification's share of the budget; 0 = no share of its own.",
  },

  { env: 'OAUTH_CLIENT_ID', type: 'string', default: '', doc: 'Given by the Space: humans log in.' },
  { env: 'OAUTH_CLIENT_SECRET', type: 'string', default: '', secret: true, doc: 'Given by the Space.' },
  { env: 'OPENID_PROVIDER_URL', type: 'string', default: '', doc: 'Given by the Space.' },
  { env: 'SPACE_HOST', type: 'string', default: '', doc: 'Given by the Space: public host name.' },
  {
    env: 'TRUSTED_PROXY_HOPS',
    type: 'int',
    default: '1',
    doc: 'How many proxies in front may set X-Forwarded-For.',
  },
] as const satisfies readonly Setting[];
