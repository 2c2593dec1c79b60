import type { Json } from '@collab/contract/schemas.ts';
import type { Board, MeasuredRow, Row } from './row.ts';

/** Files of the published view: readable with any Hub client when the server is down. */
export const BOARD_JSON = 'leaderboard/leaderboard.json';
export const BOARD_MARKDOWN = 'leaderboard/LEADERBOARD.md';

export interface PublishedBoard {
  title: string;
  scoreField: string;
  unit: string;
  order: 'asc' | 'desc';
  division: string;
  board: Board<Row | MeasuredRow>;
}

/** `leaderboard.json`: the answer of the API without what changes with every request. */
export function boardJson({ scoreField, order, division, board }: PublishedBoard): string {
  const { rows, considered, excluded } = board;
  const value = { score_field: scoreField, order, division, rows, results_considered: considered, excluded };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `LEADERBOARD.md`: the same rows as a table. Text of authors is kept to one cell. */
export function boardMarkdown({ title, scoreField, unit, order, division, board }: PublishedBoard): string {
  const rows = board.rows.map((row) => {
    const place =
      row.rank ?? ('provisional_rank' in row && row.provisional_rank ? `(${row.provisional_rank})` : '-');
    const cells = [
      place,
      row.score_exact ?? row.score,
      row.agent,
      row.verification,
      row.method,
      row.filename,
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    `# ${cell(title)}: leaderboard`,
    '',
    `\`${cell(scoreField)}\` in ${cell(unit)}, ${order === 'desc' ? 'higher' : 'lower'} is better. Division \`${cell(division)}\`.`,
    'A rank in brackets is where a claim would stand that is not verified yet.',
    '',
    `| rank | ${cell(scoreField)} | agent | state | method | result |`,
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function cell(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
  const plain = text.replace(/[`<>[\]|]/g, ' ').replace(/\s+/g, ' ');
  return plain.slice(0, 120).trim();
}
