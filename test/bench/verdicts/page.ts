/** Tables and plot of docs/verdicts.md. */
import type { GatesFound, Simulated } from './main.ts';

const percent = (value: number) => `${(100 * value).toFixed(2)} %`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** All of them, under their names. */
export function tables(found: Simulated): string {
  const { trials, seed } = found;
  return [
    `Seed ${seed}: ${trials} verdicts, ${Math.ceil(trials / 20)} authors and ${Math.ceil(trials / 40)} runs of the harness per cell.`,
    rules(found),
    freshRuns(found),
    honestGates(found.gates),
    power(found.gates),
  ].join('\n\n');
}

function rules({ published, gates, ranks, reposting, rejectedAtOnePercent }: Simulated): string {
  const worst = Math.max(...Object.values(gates.honest).map(({ refused }) => refused));
  const ours = reposting.find(({ name }) => name === '2') ?? reposting[0];
  const gain = (key: keyof NonNullable<typeof ours>) => percent(Number(ours?.[key]));
  return table(
    ['', 'published rule', 'ours'],
    [
      ['honest work refused, one run claimed', percent(published.rejected), percent(worst)],
      ['honest work refused, best of 20 claimed', percent(published.rejectedBestOf20), percent(worst)],
      [
        'the same, if every run missed a gate 1 % of the time, two fresh runs',
        '',
        percent(rejectedAtOnePercent[2] ?? 0),
      ],
      ['lossy work accepted (60 % agreement)', percent(published.lossyAccepted), percent(gates.lossy)],
      [
        'work 3 % slower than claimed accepted (best of 20)',
        percent(published.slowerAccepted),
        'ranked as measured',
      ],
      ['gain of 20 posts, a byte changed', percent(published.gain), gain('gain of 20 posts, a byte changed')],
      [
        'gain of stopping when lucky, 20 posts at most',
        '',
        gain('gain of stopping when lucky, a byte changed'),
      ],
      ['pairs that differ by 1 % or more, wrongly ordered', percent(ranks.published), percent(ranks.ours)],
      ['of these, not told apart by one run each', '', percent(ranks.tied)],
      [
        'jobs per post (worst case: every post ahead or equal)',
        '1',
        Number(ours?.['jobs per post, all equal']).toFixed(2),
      ],
    ],
  );
}

function freshRuns({ reposting }: Simulated): string {
  const keys = Object.keys(reposting[0] ?? {}).filter((key) => key !== 'name');
  const show = (key: string, value: unknown) =>
    key.startsWith('jobs') ? Number(value).toFixed(2) : percent(Number(value));
  return table(
    ['fresh runs', ...reposting.map(({ name }) => name)],
    keys.map((key) => [key, ...reposting.map((rule) => show(key, rule[key as keyof typeof rule]))]),
  );
}

function honestGates({ honest, exam, lost }: GatesFound): string {
  const names = Object.keys(Object.values(honest)[0]?.missed ?? {});
  const columns = Object.entries(honest);
  const share = (loops: string) => `${100 * Number(loops)} % of the text repeats`;
  const rows = [
    ...names.map((name) => [name, ...columns.map(([, { missed }]) => percent(missed[name] ?? 0))]),
    ['**any of them**', ...columns.map(([, { refused }]) => `**${percent(refused)}**`)],
    ['tokens that count', ...columns.map(([, { tokens }]) => tokens.toFixed(0))],
  ];
  const flips = Object.entries(exam);
  return [
    table(['honest runs that miss', ...columns.map(([loops]) => share(loops))], rows),
    table(
      ['answers of the exam that change', ...flips.map(([share]) => `${100 * Number(share)} %`)],
      [
        ['honest exams that miss', ...flips.map(([, { missed }]) => percent(missed))],
        ['honest exams that are asked all questions', ...flips.map(([, found]) => percent(found.asked_all))],
      ],
    ),
    lostExams(lost),
  ].join('\n\n');
}

function lostExams(lost: GatesFound['lost']): string {
  const columns = Object.entries(lost);
  return table(
    ['accuracy really lost', ...columns.map(([loss]) => `${Math.round(100 * Number(loss))} points`)],
    [
      ['passes the first exam', ...columns.map(([, { first }]) => percent(first))],
      ['passes one of 20, a byte changed', ...columns.map(([, { posts }]) => percent(posts))],
      ['the same, if each were a fresh chance', ...columns.map(([, { fresh }]) => percent(fresh))],
    ],
  );
}

function power({ accepted, calibrated, honest }: GatesFound): string {
  const limits = Object.entries(calibrated);
  const none = honest['0.0']?.refused ?? 0;
  const rows = Object.keys(accepted).map((x) => [
    `${Number((100 * Number(x)).toFixed(2))} %`,
    percent(accepted[x] ?? 0),
    ...limits.map(([, found]) => percent(found.accepted[x] ?? 0)),
  ]);
  const first = ['0 % (honest)', percent(1 - none), ...limits.map(([, { refused }]) => percent(1 - refused))];
  return table(
    [
      'tokens changed',
      'accepted, limits as shipped',
      ...limits.map(([n]) => `accepted, limits from ${n} runs`),
    ],
    [first, ...rows],
  );
}

export function renewed(page: string, found: string): string {
  const between = /(<!-- begin tables.*? -->\n)[\s\S]*?(<!-- end tables -->)/;
  if (!between.test(page)) throw new Error('docs/verdicts.md has no place for the tables');
  return page.replace(between, (_, begin: string, end: string) => `${begin}\n${found}\n\n${end}`);
}

/** Acceptance against the share of changed tokens, on a logarithmic axis: limits as shipped, and as calibrated. */
export function plot({ accepted, calibrated }: GatesFound): string {
  const series = [accepted, ...Object.values(calibrated).map((found) => found.accepted)];
  const names = ['limits as shipped', ...Object.keys(calibrated).map((n) => `limits from ${n} runs`)];
  const x = (share: number) => 60 + 200 * (Math.log10(share) + 3);
  const y = (chance: number) => 220 - 180 * chance;
  const colours = ['#2563eb', '#d97706', '#059669'];
  const lines = series.map((points, at) => {
    const places = Object.entries(points).map(
      ([share, chance]) => `${x(Number(share)).toFixed(1)},${y(chance).toFixed(1)}`,
    );
    const label = `<text x="300" y="${60 + 16 * at}" fill="${colours[at]}">${names[at]}</text>`;
    return `<polyline points="${places.join(' ')}" fill="none" stroke="${colours[at]}"/>${label}`;
  });
  const marks = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05].map(
    (share) => `<text x="${x(share).toFixed(1)}" y="238" text-anchor="middle">${100 * share} %</text>`,
  );
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 260" font-family="sans-serif" font-size="11">',
    '<path d="M60 40V220H460" fill="none" stroke="#888"/>',
    ...lines,
    ...marks,
    '<text x="52" y="44" text-anchor="end">1</text><text x="52" y="223" text-anchor="end">0</text><text x="60" y="24">accepted</text>',
    '<text x="460" y="256" text-anchor="end">tokens that the original would not have said</text></svg>\n',
  ].join('');
}
