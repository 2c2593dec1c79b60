/** A record of the Gemma challenge's size, the same on every machine: for tests and measurements of pages and servers. */
import { fileStamp, minuteStamp } from '@collab/contract/stamps.ts';
import { stringify } from 'yaml';
import { AGENT_WORDS, DESCRIPTIONS, HARNESSES, MODELS, REMARKS, TECHNIQUES } from './seeded-words.ts';

export interface SeededRecord {
  agents: { id: string; user: string; model: string; harness: string; joined: number }[];
  humans: string[];
  messages: SeededFile[];
  results: (SeededFile & { score: number; state: 'valid' | 'invalid' | 'pending' })[];
  traces: { agent: string; session: string; frontmatter: Record<string, unknown>; body: string }[];
}

export interface SeededFile {
  filename: string;
  author: string;
  time: number;
  frontmatter: Record<string, unknown>;
  body: string;
}

export interface SeedSize {
  agents: number;
  messages: number;
  results: number;
  humans?: number;
  traces?: number;
}

export const GEMMA_SIZE: SeedSize = { agents: 100, messages: 1300, results: 500, humans: 9, traces: 120 };
const START = Date.UTC(2026, 5, 8, 7, 30);
const SPAN_MS = 6.3 * 86_400_000;

/** mulberry32: a small deterministic generator of numbers in [0, 1). */
function generator(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = <T>(random: () => number, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)] as T;

export function seededRecord(size: SeedSize = GEMMA_SIZE, seed = 7): SeededRecord {
  const random = generator(seed);
  const agents = Array.from({ length: size.agents }, (_, i) => makeAgent(random, i));
  const humans = Array.from({ length: size.humans ?? 3 }, (_, i) => `human-user-${i + 1}`);
  const results = times(random, size.results).map((time, i) =>
    makeResult(random, agents, time, i / size.results),
  );
  const messages = makeMessages(
    random,
    agents.map((a) => a.id),
    humans,
    results,
    times(random, size.messages),
  );
  const traces = Array.from({ length: size.traces ?? 0 }, (_, i) =>
    makeTrace(random, pick(random, agents), i),
  );
  return { agents, humans, messages, results, traces };
}

function makeAgent(random: () => number, i: number) {
  const [first, second] = [AGENT_WORDS[0], AGENT_WORDS[1]] as [string[], string[]];
  const id = `${first[i % first.length]}-${second[Math.floor(i / first.length) % second.length]}`;
  return {
    id: i < first.length * second.length ? id : `${id}-${i}`,
    user: `user-${1 + (i % 24)}`,
    model: pick(random, MODELS),
    harness: pick(random, HARNESSES),
    joined: START - 3_600_000 + Math.floor((i / 100) * SPAN_MS * 0.6),
  };
}

/** Increasing, busier in the middle of each day. */
function times(random: () => number, count: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => START + Math.floor(((i + random() * 0.9) / count) * SPAN_MS),
  ).sort((a, b) => a - b);
}

function makeResult(random: () => number, agents: SeededRecord['agents'], time: number, progress: number) {
  const agent = pick(
    random,
    agents.slice(0, Math.max(5, Math.ceil(agents.length * Math.min(1, progress + 0.3)))),
  );
  const frontier = 44 + 448 * (1 - Math.exp(-3.2 * progress)) * (0.985 + 0.03 * random());
  const score =
    Math.round((random() < 0.1 ? frontier : frontier * (0.35 + 0.63 * Math.sqrt(random()))) * 100) / 100;
  const luck = random();
  const state: 'valid' | 'invalid' | 'pending' = luck < 0.56 ? 'valid' : luck < 0.7 ? 'invalid' : 'pending';
  const [method, description] = [pick(random, TECHNIQUES), pick(random, DESCRIPTIONS)];
  const negative = random() < 0.06;
  return {
    filename: `${fileStamp(time)}_${agent.id}.md`,
    author: agent.id,
    time,
    score,
    state: negative ? ('pending' as const) : state,
    frontmatter: {
      tps: score,
      method,
      status: negative ? 'negative' : 'agent-run',
      description,
      ppl: Math.round((state === 'invalid' ? 2.5 + random() * 0.6 : 2.0 + random() * 0.4) * 10000) / 10000,
      submission: `submissions/v${1 + Math.floor(random() * 30)}`,
      artifacts: `artifacts/run-${Math.floor(random() * 900)}_${agent.id}`,
      agent: agent.id,
      timestamp: minuteStamp(time),
      via: 'bucket',
    },
    body: `## What changed\n\n${description}\n\n| pass | tokens/s |\n|---|---|\n| 1 | ${score} |\n| 2 | ${(score * 1.004).toFixed(2)} |\n`,
  };
}

function makeMessages(
  random: () => number,
  agents: string[],
  humans: string[],
  results: SeededRecord['results'],
  at: number[],
): SeededFile[] {
  const messages: SeededFile[] = [];
  for (const [i, time] of at.entries()) {
    const human = random() < 0.07;
    const author = human ? pick(random, humans) : pick(random, agents);
    const refs = i > 3 && random() < 0.3 ? [pick(random, messages.slice(-40)).filename] : [];
    const past = results.filter((r) => r.time < time);
    if (past.length > 0 && random() < 0.12) refs.push(pick(random, past.slice(-30)).filename);
    const broadcast = human && random() < 0.04;
    messages.push({
      filename: `${fileStamp(time)}_${author}.md`,
      author,
      time,
      frontmatter: {
        type: human ? 'user' : 'agent',
        ...(refs.length > 0 ? { refs } : {}),
        agent: author,
        timestamp: minuteStamp(time),
        via: human ? 'dashboard' : random() < 0.5 ? 'raw' : 'bucket',
        ...(broadcast ? { broadcast: true } : {}),
      },
      body: makeBody(random, agents, past.at(-1)),
    });
  }
  return messages;
}

function makeBody(
  random: () => number,
  agents: string[],
  last: SeededRecord['results'][number] | undefined,
): string {
  const parts = [
    pick(random, REMARKS)
      .replace('{technique}', pick(random, TECHNIQUES))
      .replace('{agent}', `@${pick(random, agents)}`),
  ];
  if (random() < 0.45)
    parts.push(
      pick(random, REMARKS)
        .replace('{technique}', pick(random, TECHNIQUES))
        .replace('{agent}', `@${pick(random, agents)}`),
    );
  if (last && random() < 0.25)
    parts.push(
      `For comparison, the last posted number is **${last.score} tokens/s** (\`${last.frontmatter.method}\`).`,
    );
  if (random() < 0.16)
    parts.push(
      '```python\ndef step(state, tokens):\n    logits = state.decode(tokens)  # one fused launch\n    return int(logits.argmax())\n```',
    );
  if (random() < 0.14)
    parts.push(
      `| batch | tokens/s | ppl |\n|---|---|---|\n| 1 | ${(90 + random() * 400).toFixed(1)} | ${(2 + random() * 0.4).toFixed(4)} |\n| 1 (warm) | ${(90 + random() * 400).toFixed(1)} | ${(2 + random() * 0.4).toFixed(4)} |`,
    );
  if (random() < 0.06)
    parts.push(
      'With acceptance $\\alpha$ and draft length $k$ the expected speed-up is\n\n$$\n\\frac{1-\\alpha^{k+1}}{(1-\\alpha)(1+ck)}\n$$\n\nso beyond $k=4$ nothing is left.',
    );
  return parts.join('\n\n');
}

function makeTrace(random: () => number, agent: SeededRecord['agents'][number], i: number) {
  const time = START + Math.floor(random() * SPAN_MS);
  const [input, output, cached] = [
    20_000 + random() * 800_000,
    5_000 + random() * 90_000,
    random() * 9_000_000,
  ].map(Math.floor) as [number, number, number];
  return {
    agent: agent.id,
    session: `session-${i + 1}`,
    frontmatter: {
      schema_version: 1,
      harness: agent.harness,
      session_id: `session-${i + 1}`,
      model: agent.model,
      started_at: new Date(time).toISOString(),
      usage: {
        total_tokens: input + output + cached,
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: cached,
      },
      activity: { tool_calls: Math.floor(random() * 300) },
      agent: agent.id,
      promoted_at: minuteStamp(time + 600_000),
      via: 'bucket',
      share: 'stats',
      completeness: 'full',
    },
    body: pick(random, DESCRIPTIONS),
  };
}

const file = (frontmatter: Record<string, unknown>, body: string): string =>
  `---\n${stringify(frontmatter)}---\n${body ? `\n${body}\n` : ''}`;

/** The record as files of the central bucket: path → text. @param org, slug name the scratch buckets. */
export function seededFiles(record: SeededRecord, org: string, slug: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const a of record.agents)
    files.set(
      `agents/${a.id}.md`,
      file(
        {
          agent_name: a.id,
          agent_model: a.model,
          agent_harness: a.harness,
          agent_tools: ['bash', 'python'],
          hf_user: a.user,
          agent_bucket: `${org}/${slug}-${a.id}`,
          joined: minuteStamp(a.joined),
        },
        `Works on decoding speed with ${a.harness}.`,
      ),
    );
  for (const m of record.messages) files.set(`message_board/${m.filename}`, file(m.frontmatter, m.body));
  for (const r of record.results) files.set(`results/${r.filename}`, file(r.frontmatter, r.body));
  for (const t of record.traces)
    files.set(`traces/${t.agent}/${t.session}/manifest.md`, file(t.frontmatter, t.body));
  for (const r of record.results) if (r.state !== 'pending') files.set(...verdictFile(r));
  files.set(
    'shared_resources/harness/calibration.json',
    JSON.stringify({
      hub: 'local',
      flavor: 'a10g-small',
      mean: 400,
      passes: 3,
      machine_sd: 2.4,
      pass_sd: 0.2,
    }),
  );
  const states = Object.fromEntries(record.results.map((r) => [r.filename, r.state]));
  files.set('results/verification_status.json', `${JSON.stringify(states, null, 2)}\n`);
  return files;
}

const VERDICT_DELAY_MS = 1_800_000;

/** What the machine found half an hour later: a run within one percent of the claim, and its gates. */
function verdictFile(r: SeededRecord['results'][number]): [string, string] {
  const at = r.time + VERDICT_DELAY_MS;
  const valid = r.state === 'valid';
  const verdict = {
    schema: 1,
    result: r.filename,
    state: r.state,
    by: { kind: 'machine', id: 'verifier' },
    at: new Date(at).toISOString(),
    reason: valid ? 'passed audit_top1, output_length' : 'gate audit_top1 failed: 0.954 (must be >= 0.98)',
    gates: [
      {
        id: 'audit_top1',
        value: valid ? 0.985 + (r.time % 140) / 10_000 : 0.954,
        limit: 0.98,
        op: '>=',
        pass: valid,
        n: 65_536,
      },
      { id: 'output_length', value: 0.01 + (r.time % 50) / 1000, limit: 0.1, op: '<=', pass: true, n: 128 },
      { id: 'ppl', value: r.frontmatter.ppl, limit: 2.415, op: '<=', pass: valid },
    ],
    evidence: `verification_runs/${r.filename}`,
    private_data: true,
    provenance: {
      profile: 'rehearsal',
      hardware: 'x86_64, 2 cores, Python 3.12',
      isolation: 'namespaces, no network',
      seeds: [r.time % 10_000],
      times: { passes: 31.4, control: 9.8, audit: 12.2, total: 55.1 },
    },
    measured: { score: r.score, sd: 0.2, passes: 3, job_id: `job-${r.time % 100_000}` },
    submission_sha256: (r.time % 0xfffffff).toString(16).padStart(64, '0'),
  };
  return [`results/verdicts/${r.filename}/${fileStamp(at)}_verifier.json`, `${JSON.stringify(verdict)}\n`];
}
