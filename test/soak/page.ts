import { short, table } from '../bench/report.ts';

/** What a soak prints as JSON. */
export interface Summary {
  machine: string;
  seconds: number;
  agents: number;
  kills: number;
  starts_ms: number[];
  weather: {
    latency_ms: number;
    refused: number;
    lost: number;
    slow: number;
    slowMs: number;
    partial: number;
    outage_ms: number;
  };
  hub_calls: { calls: number; refused: number; lost: number; slow: number; partial: number; down: number };
  messages: number;
  inbox_copies: number;
  results: number;
  repeats_after_201: number;
  reads_by_cursor: number;
  answers_to_writes: Record<string, number>;
  write_ms: { p50: number; p99: number };
  server_peak_rss_mib: number;
  problems: string[];
}

const percent = (share: number) => `${share * 100} %`;

export function pageOf(s: Summary): string {
  const { weather: w, hub_calls: c } = s;
  const rows: [string, string | number][] = [
    ['agents, seconds, kills of the server', `${s.agents}, ${s.seconds}, ${s.kills}`],
    [
      'network to the Hub',
      `${w.latency_ms} ms per call; ${percent(w.refused)} refused, ${percent(w.lost)} answers lost, ${percent(w.slow)} ${w.slowMs / 1000} s slow; in ${percent(w.partial)} of batches one file refused; down for ${w.outage_ms / 1000} s`,
    ],
    [
      'Hub calls (refused, answer lost, slow, taken in part, while down)',
      `${short(c.calls)} (${c.refused}, ${c.lost}, ${c.slow}, ${c.partial}, ${c.down})`,
    ],
    [
      'messages, inbox copies, results acknowledged',
      `${short(s.messages)}, ${short(s.inbox_copies)}, ${short(s.results)}`,
    ],
    ['writes repeated after their acknowledgement', s.repeats_after_201],
    ['pages read by cursor', short(s.reads_by_cursor)],
    [
      'answers to writes',
      Object.entries(s.answers_to_writes)
        .map(([status, n]) => `${status === '0' ? 'no answer' : status}: ${short(n)}`)
        .join(', '),
    ],
    ['time of an acknowledged write, p50 / p99 ms', `${short(s.write_ms.p50)} / ${short(s.write_ms.p99)}`],
    ['largest memory of the server, MiB', s.server_peak_rss_mib],
    ['start of the server until it listens, ms', s.starts_ms.join(', ')],
    ['differences between what was told and what stands', s.problems.length],
  ];
  return `${s.machine}, shared with other work.\n\n${table(['', ''], rows)}`;
}
