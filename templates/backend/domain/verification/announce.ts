import type { Verdict } from './verdict.ts';

export interface Announcement {
  verdict: Verdict;
  owner: string;
  claimed: number | null;
  scoreField: string;
}

const TITLES: Record<Verdict['state'], string> = {
  valid: 'VERIFIED VALID',
  invalid: 'INVALID',
  inconclusive: 'INCONCLUSIVE',
  expired: 'EXPIRED',
  pending: 'PENDING',
};

/** The message that tells a verdict to its owner and the board, with what was claimed and measured and each gate, if it was. */
export function announcement({ verdict, owner, claimed, scoreField }: Announcement): string {
  const { measured, gates } = verdict;
  const rows = [
    ['claimed', claimed === null ? '' : number(claimed), '', ''],
    ['measured', measured ? number(measured.score) : '', '', ''],
  ];
  for (const gate of gates) {
    const limit = gate.limit == null ? '' : `${gate.op ?? ''} ${number(gate.limit)}`;
    rows.push([cell(gate.id), gate.value == null ? '' : number(gate.value), limit, gate.pass ? '✅' : '❌']);
  }
  return [
    `**${TITLES[verdict.state]}**: @${owner} \`${verdict.result}\``,
    '',
    cell(verdict.reason),
    ...(measured || gates.length > 0 ? ['', ...table(scoreField, rows)] : []),
  ].join('\n');
}

function table(scoreField: string, rows: readonly string[][]): string[] {
  const head = [`| ${scoreField} | value | limit | ok |`, '|---|---|---|---|'];
  return [...head, ...rows.map((row) => `| ${row.join(' | ')} |`)];
}

/** Whole numbers as they are: a count has no digit too many. */
function number(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(9)));
}

/** Text of a run as one table cell: no markup, no mention, no line break. `a_b` and `<= 1` are none. */
function cell(text: string): string {
  return text
    .replace(/[\r\n|]+/g, ' ')
    .replace(/[`*[\]]|<(?=[\w/!?])|^[\s>]+|(?<![a-z\d])_+|_+(?![a-z\d])/gi, '')
    .replaceAll('@', '(at)')
    .slice(0, 500);
}
