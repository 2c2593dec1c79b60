/** How a score or a gate can be met without the work being done, and the gate that would notice. From what was seen on real boards. */
import type { ChallengeConfig, Gate } from './types.ts';

export interface GamingHint {
  /** Metric or gate it is about. */
  about: string;
  attack: string;
  advice: string;
  /** Proposed counter-gate; the harness has to measure it. */
  counter?: Gate;
}

interface Pattern {
  matches: RegExp;
  attack: string;
  advice: string;
  counter?: Gate;
}

const METRICS: Pattern[] = [
  {
    matches: /per second|\/s\b|tps|through|latency|speed|seconds|\bms\b|fast/i,
    attack:
      'Faster by doing less: shorter or emptier answers, steps left out, answers remembered from an earlier pass, work done before the clock starts.',
    advice:
      'Audit what was emitted while being timed, count it yourself, and compare a question with its second time.',
    counter: {
      id: 'output_length',
      field: 'output_length',
      op: '<=',
      limit: 0.1,
      when: 'every',
      doc: 'Largest relative distance between the amount of output asked for and the amount counted.',
    },
  },
  {
    matches: /bytes|size|params|compress|length|bits/i,
    attack:
      'Smaller by moving the content elsewhere: into the program, the dependencies, a download, or the questions themselves.',
    advice: 'Count the program and everything it needs, and run it without network.',
    counter: {
      id: 'total_bytes',
      field: 'total_bytes',
      op: '<=',
      limit: 10_000_000,
      when: 'every',
      doc: 'Bytes of everything the submission needs to run: program, data and dependencies.',
    },
  },
  {
    matches: /accura|correct|pass|solved|score|mmlu|gpqa|exact/i,
    attack:
      'Right answers without the ability: prepared for the public questions, read from the grader, best of many tries.',
    advice: 'Keep a private split, and rank on the mean of our own runs.',
  },
  {
    matches: /loss|perplex|ppl|nll/i,
    attack:
      'A low value for the grader only: another path when log-probabilities are asked for, vocabulary cut to the reference texts.',
    advice: 'Judge only what users would get: the emitted output, under the original.',
  },
];

const GATES: Pattern[] = [
  {
    matches: /ppl|perplex|nll|logprob|loss/i,
    attack:
      'Perplexity looks at given texts and is blind to what is emitted. Seen: vocabulary cut to the reference texts, and a path taken only when log-probabilities are asked for; downstream quality fell by 40 points while it stayed the same.',
    advice: 'Teacher-force the original over the tokens emitted while being timed.',
    counter: {
      id: 'audit_top1',
      field: 'audit_top1',
      op: '>=',
      limit: 0.98,
      when: 'every',
      doc: 'Share of the emitted tokens that are the original model’s own first choice at that place.',
    },
  },
  {
    matches: /^(?=.*correct)(?!.*(?:mmlu|gpqa|gsm|aime|downstream))/i,
    attack:
      'Right where it is asked and nowhere else: answers prepared for known questions, or a check that takes an empty, malformed or half answer for a right one.',
    advice:
      'Ask what nobody has seen, or check every case there is; count what does not parse as wrong, and what was not answered too.',
  },
  {
    matches: /mmlu|gpqa|gsm|aime|accura|downstream/i,
    attack:
      'A small sample cannot see a small loss (80 questions: standard error 5.6 points), and public questions can be prepared for.',
    advice: 'Pair each question with the stored answer of the baseline, and keep the questions private.',
  },
  {
    matches: /length|reuse|audit/i,
    attack: 'A limit with slack is spent to the last bit: everything up to it counts as allowed.',
    advice: 'Set the limit from the measured noise of the baseline against itself, not by feeling.',
  },
];

const GENERAL: Omit<Pattern, 'matches'> = {
  attack:
    'Whatever the submission says about itself can be made up; where there is noise, the best of many posts is luck.',
  advice: 'Let the harness measure it on its own run, and where there is noise rank on the mean of several.',
};

/** Hints for the metric, then for each gate; a counter-gate only when nothing like it is there yet. */
export function gamingHints(config: {
  metric: Pick<ChallengeConfig['metric'], 'field' | 'label' | 'unit'>;
  gates: Gate[];
}): GamingHint[] {
  const { field, label, unit } = config.metric;
  const taken = new Set(config.gates.flatMap((gate) => [gate.id, gate.field]));
  const hint = (about: string, patterns: Pattern[], text: string): GamingHint => {
    const found = patterns.find((pattern) => pattern.matches.test(text)) ?? GENERAL;
    const counter = found.counter && !taken.has(found.counter.id) ? found.counter : undefined;
    return { about, attack: found.attack, advice: found.advice, ...(counter ? { counter } : {}) };
  };
  return [
    hint(label, METRICS, `${field} ${label} ${unit}`),
    ...config.gates.map((gate) => hint(gate.id, GATES, `${gate.id} ${gate.field} ${gate.doc}`)),
  ];
}
