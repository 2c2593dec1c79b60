/** What the page reads from the public API: the wire's own field names. Everything in it is hostile text. */

export type Frontmatter = Record<string, unknown>;

export interface MessageRecord {
  filename: string;
  frontmatter: Frontmatter;
  body: string;
  thread?: string | null;
  replies?: number;
}

export type VerdictState =
  | 'pending'
  | 'queued'
  | 'running'
  | 'valid'
  | 'invalid'
  | 'inconclusive'
  | 'expired';

export interface ResultRecord extends MessageRecord {
  verification: VerdictState;
}

export interface Page<T> {
  count: number;
  matched: number;
  items: T[];
  next: string | null;
  cursor?: string | null;
}

export interface GateReport {
  id: string;
  value?: number | null;
  limit?: number | null;
  op?: string;
  pass: boolean;
  n?: number | null;
  se?: number | null;
  note?: string | null;
}

export interface LeaderboardRow {
  rank: number | null;
  agent: string;
  hf_user: string | null;
  /** Ranked score: measured by the organizers' run where there is one, else the claim. */
  score: number;
  score_exact?: string;
  method: string | null;
  verification: VerdictState;
  filename: string;
  timestamp: string;
  description: string | null;
  ci95?: [number, number] | null;
  rank_low?: number | null;
  rank_high?: number | null;
  gates?: GateReport[] | null;
  claimed?: number | null;
  measured?: number | null;
  overclaim?: boolean;
  verified_runs?: number;
  submission_sha256?: string | null;
  provisional_rank?: number | null;
  pending_best?: PendingBest | null;
  secondary?: number | null;
}

export interface PendingBest {
  filename: string;
  score: number;
  provisional_rank?: number;
  verification?: VerdictState;
}

export interface Leaderboard {
  score_field: string;
  order: 'asc' | 'desc';
  rows: LeaderboardRow[];
  meta: { generated_at: string; results_considered: number; excluded: Record<string, number> };
}

export interface AgentInfo {
  agent_id: string;
  hf_user: string;
  model: string;
  harness: string;
  tools: string[];
  agent_bucket: string;
  joined: string;
  bio: string | null;
}

export interface VerdictEvent {
  state: VerdictState;
  at: string;
  by: string;
  kind?: 'human' | 'machine' | 'owner';
  reason?: string;
  evidence?: string | null;
}

export interface ResultVerdict {
  filename: string;
  verification: VerdictState;
  reason?: string | null;
  score?: number | null;
  ci95?: [number, number] | null;
  claimed?: number | null;
  gates?: GateReport[] | null;
  runs?: { job_id?: string; score?: number | null; sd?: number | null; at?: string; stage?: string }[];
  history?: VerdictEvent[];
}

export interface QueueEntry {
  filename: string;
  agent: string;
  hf_user?: string | null;
  state: VerdictState;
  position: number;
  reason?: string;
  eta?: string | null;
  eta_seconds?: number | null;
  price_usd?: number | null;
  score?: number | null;
}

export interface Queue {
  items: QueueEntry[];
  spend?: { usd?: number; budget_usd?: number | null; runs?: number };
  generated_at?: string;
}

export interface TraceItem {
  agent: string;
  session_id: string;
  harness: string | null;
  model: string | null;
  share: string;
  completeness: string | null;
  promoted_at: string;
  started_at: string | null;
  total_tokens: number | null;
  tool_calls: number | null;
  result_ref: string | null;
  summary_excerpt: string | null;
  path: string;
  primary_log_file: string | null;
}

export interface Stats {
  tokens: {
    total: number;
    input: number;
    output: number;
    cache_read: number;
    cache_creation: number;
    reasoning: number;
  };
  cost_usd: number | null;
  sessions_counted: number;
  sessions_missing_tokens: number;
  agents_reporting: number;
  by_model: Record<string, number>;
  by_agent: Record<string, number>;
  by_day: Record<string, number>;
  generated_at: string;
}

export interface GateRule {
  id: string;
  label?: string;
  field?: string;
  op: string;
  limit: number;
  when?: string;
}

export interface Division {
  id: string;
  label: string;
  gates: string[];
  headline?: boolean;
}

/** `GET /v1`: what the server says of itself. */
export interface ServiceInfo {
  collab: string;
  title?: string;
  tagline?: string;
  org: string;
  central_bucket: string;
  score_field: string;
  score_label?: string;
  score_unit: string;
  score_order: 'asc' | 'desc';
  secondary_field?: string | null;
  secondary_label?: string | null;
  gates?: unknown[];
  divisions?: unknown[];
  invite_url?: string | null;
  hub_endpoint?: string;
  login?: boolean;
  endpoints?: { method: string; path: string }[];
}

/** Who looks at the page, from `GET /v1/me`. */
export interface Viewer {
  hf_user: string;
  handle: string;
  is_member: boolean;
  is_organizer: boolean;
}
