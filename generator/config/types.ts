/** challenge.yaml, parsed and complete: every value is present. `schema: 1`. Defined by the field table in fields.ts. */
export interface ChallengeConfig {
  schema: 1;
  template: string;
  /** `rehearsal` or `full`: which parameter set the harness runs with. */
  profile: 'rehearsal' | 'full';
  challenge: {
    title: string;
    slug: string;
    tagline: string;
    objective: string;
    fixed: string;
    free: string;
    forbidden: string;
    flavour: 'optimize' | 'prove' | 'build' | 'research';
    lanes: { id: string; title: string }[];
    guidelines: 'explore' | 'balanced' | 'exploit';
    timeline: string;
    contact: string;
  };
  metric: {
    field: string;
    label: string;
    unit: string;
    order: 'desc' | 'asc';
    formula: string;
    baseline: number | null;
    allow_non_positive: boolean;
    /** Relative. */
    min_improvement: number;
    repeats: number;
    required_fields: string[];
    secondary_field: string;
    secondary_label: string;
  };
  gates: Gate[];
  divisions: { id: string; label: string; gates: string[]; headline: boolean }[];
  hardware: {
    jobs_enabled: boolean;
    flavor: string;
    image: string;
    entrypoint: string;
    extra_args: string[];
    timeout_minutes: number;
    watch_poll_s: number;
    per_agent_per_day: number;
    per_user_per_day: number;
    usd_per_hour: number;
    budget_usd: number;
  };
  verification: {
    mode: 'manual' | 'jobs' | 'eval-space' | 'peer';
    agent: string;
    private_split: boolean;
    approvals: number;
    /** Hours; 0: nothing expires. */
    window_hours: number;
    /** `strict`: nobody is judged where a layer of isolation is missing. */
    isolation: 'best' | 'strict';
    extra_args: string[];
  };
  hub: {
    /** `local` (the embedded hub) or `https://huggingface.co`. */
    endpoint: string;
    org: string;
    /** Where private things live; never the participants' org. */
    private_namespace: string;
    central_bucket: string;
    private_bucket: string;
    space: string;
    /** Of the evaluator; there only in verification.mode eval-space. */
    eval_space: string;
    /** What its Space is made with. */
    eval_hardware: string;
    private: boolean;
    invite_url: string;
  };
}

export interface Gate {
  id: string;
  /** Key of `gates[].id` in summary.json, or a top-level field of it. */
  field: string;
  op: '<=' | '>=' | '<' | '>' | '==';
  limit: number;
  /** `limit` derived from these when given: reference * (1 + tolerance). */
  reference?: number;
  tolerance?: number;
  when: 'every' | 'top-k' | 'champion';
  samples?: number;
  doc: string;
}
