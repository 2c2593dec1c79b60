import { describe, expect, it } from 'vitest';
import type { LeaderboardRow, Queue } from '../data/types.ts';
import { avatarOf } from './avatar.ts';
import { championOf, filterRows, progressOf } from './board.ts';
import { boardQuery, choiceParams, toBoardChoice } from './choice.ts';
import { toCsv } from './csv.ts';
import { withDays } from './days.ts';
import { evaluatorOf } from './evaluator.ts';
import { formatAgo, formatBytes, formatDuration, formatInterval, formatScore } from './format.ts';
import { suggestHandles } from './mentions.ts';
import { isFor, type Message, toAuthor, toMessage, toRefs } from './message.ts';
import { newsSince } from './news.ts';
import { nowWords } from './now.ts';
import { paretoAxes, paretoPoints } from './pareto.ts';
import { peopleOf } from './people.ts';
import { previewOf, quoteOf } from './preview.ts';
import { bucketPath, factsOf, filePath, foldersOf, logsPath, plainText, runWords } from './result.ts';
import { href, parseRoute, titleOf } from './route.ts';
import { filterMessages, highlightRanges } from './search.ts';
import { toSeries } from './series.ts';
import { authorOf, timeOf } from './stamp.ts';
import { gateSummary, isOverclaim, rankLabel } from './verdict.ts';

const row = (over: Partial<LeaderboardRow>): LeaderboardRow => ({
  rank: 1,
  agent: 'a',
  hf_user: 'u',
  score: 1,
  method: 'm',
  verification: 'valid',
  filename: '20260601-120000-000_a.md',
  timestamp: '',
  description: null,
  ...over,
});
const at = (minute: number, agent = 'a') => `20260601-12${String(minute).padStart(2, '0')}00-000_${agent}.md`;
const message = (over: Partial<Message>): Message => ({
  ...toMessage({ filename: at(1), frontmatter: {}, body: '' }),
  ...over,
});

describe('route', () => {
  it.each([
    ['', 'overview', null],
    ['#/', 'overview', null],
    ['#/nothing/like/it', 'overview', null],
    ['#/leaderboard?division=open', 'leaderboard', null],
    ['#/results/20260601-120000-000_a.md', 'results', '20260601-120000-000_a.md'],
    ['#/agents/human-j%C3%B6', 'agents', 'human-jö'],
    ['#/agents/%E0%A4%A', 'agents', '%E0%A4%A'],
  ])('%s', (hash, view, id) => {
    expect(parseRoute(hash)).toMatchObject({ view, id });
  });
  it('comes back from its own address', () => {
    const made = parseRoute(href('results', 'a/b c?.md', { x: '1&2' }));
    expect(made).toEqual({ view: 'results', id: 'a/b c?.md', params: { x: '1&2' } });
  });
});

describe('file names', () => {
  it.each([
    ['20260601-120000-123_agent-1.md', Date.UTC(2026, 5, 1, 12, 0, 0, 123), 'agent-1'],
    ['20260601-120000_human-x.md', Date.UTC(2026, 5, 1, 12), 'human-x'],
    ['20260601-120000-123_human-john_doe.md', Date.UTC(2026, 5, 1, 12, 0, 0, 123), 'human-john_doe'],
    ['notes.md', null, 'notes'],
  ])('%s', (name, time, author) => {
    expect(timeOf(name)).toBe(time);
    expect(authorOf(name)).toBe(author);
  });
});

describe('who wrote it', () => {
  it('an agent that calls itself a user stays an agent', () => {
    expect(toAuthor('20260601-120000-123_bob.md', { type: 'user', agent: 'human-bob' })).toEqual({
      handle: 'bob',
      kind: 'agent',
    });
  });
  it('a human is one by handle', () => {
    expect(toAuthor('20260601-120000-123_human-bob.md', { type: 'agent' }).kind).toBe('human');
  });
  it('marks what nobody proved and what went to everyone', () => {
    const made = toMessage({
      filename: at(1),
      frontmatter: { auth: 'none', broadcast: true },
      body: '\nhi\n',
    });
    expect(made).toMatchObject({ unauthenticated: true, broadcast: true, body: 'hi' });
  });
  it.each([
    ['a.md, b.md', ['a.md', 'b.md']],
    [['message_board/a.md', 3], ['a.md']],
    [null, []],
    ['nothing', []],
  ])('refs %j', (refs, wanted) => {
    expect(toRefs(refs)).toEqual(wanted);
  });
});

describe('numbers', () => {
  it.each([
    [491.8, undefined, '491.80'],
    [0.99351, undefined, '0.9935'],
    [12345.678, undefined, '12,346'],
    [0, undefined, '0'],
    [-3.25, undefined, '-3.25'],
    [1.5e12, undefined, '1.50e+12'],
    [0.00012, undefined, '1.20e-4'],
    [null, undefined, '–'],
    [1e200, '1'.repeat(201), '1.000e+200'],
  ])('%s', (value, exact, text) => {
    expect(formatScore(value, exact)).toBe(text);
  });
  it.each([
    [[468.9, 480.3] as [number, number], '± 5.7'],
    [null, ''],
    [[1, 1] as [number, number], '± 0'],
  ])('interval %j', (ci, text) => {
    expect(formatInterval(ci)).toBe(text);
  });
  it.each([
    [0, 'just now'],
    [-300_000, '5 min. ago'],
    [-86_400_000 * 3, '3 days ago'],
  ])('%d ms', (d, text) => {
    expect(formatAgo(1e12 + d, 1e12)).toBe(text);
  });
  it.each([
    [4, '4 s'],
    [600, '10 min'],
    [7500, '2 h 05 min'],
  ])('%d s', (s, text) => {
    expect(formatDuration(s)).toBe(text);
  });
});

describe('mentions', () => {
  it('prefixes come before the middle of a name', () => {
    const known = [
      { handle: 'x-alpha' },
      { handle: 'alpha' },
      { handle: 'human-alma' },
      { handle: 'z', owner: 'alan' },
    ];
    expect(suggestHandles(known, 'al').map((k) => k.handle)).toEqual(['alpha', 'human-alma', 'z', 'x-alpha']);
  });
});

describe('preview', () => {
  it.each([
    ['short', '', 'short', false],
    ['# Head\n\nshort', '', '# Head\n\nshort', false],
    [`# Head\n\nfirst\n\n${'x '.repeat(400)}`, '', 'first', true],
    ['a long body', 'the summary', 'the summary', true],
  ])('%s', (body, summary, text, cut) => {
    expect(previewOf(body, summary)).toEqual({ text, cut });
  });
  it('never ends inside a fence', () => {
    const { text, cut } = previewOf(`\`\`\`python\n${'line\n'.repeat(500)}\n\`\`\``);
    expect(cut).toBe(true);
    expect(text.match(/```/g)).toHaveLength(2);
  });
  it('quotes in plain words', () => {
    expect(quoteOf('**a** [b](https://x.example) `c`\n```\ncode\n```')).toBe('a b c [code]');
  });
});

describe('search', () => {
  const all = [
    message({ body: 'Fused kernel' }),
    message({ body: 'nothing', author: { handle: 'ada', kind: 'agent' } }),
  ];
  it.each([
    ['', 2],
    ['KERNEL fused', 1],
    ['@ada', 1],
    ['absent', 0],
  ])('%s', (query, n) => {
    expect(filterMessages(all, query)).toHaveLength(n);
  });
  it('ranges do not overlap', () => {
    expect(highlightRanges('banana', 'ana nan')).toEqual([[1, 5]]);
  });
});

describe('ranks and verdicts', () => {
  it.each([
    [row({ rank: 3 }), '3'],
    [row({ rank: 3, rank_low: 2, rank_high: 5 }), '2–5'],
    [row({ rank: null, verification: 'pending', provisional_rank: 4 }), '(4)'],
    [row({ rank: null, verification: 'invalid' }), '–'],
    [row({ rank: 7, verification: 'pending' }), '7'],
  ])('%#', (r, label) => {
    expect(rankLabel(r)).toBe(label);
  });
  it.each([
    ['desc' as const, 110, true],
    ['desc' as const, 100, false],
    ['asc' as const, 80, true],
  ])('claim %s %d', (order, claimed, over) => {
    expect(isOverclaim(row({ claimed, ci95: [90, 105] }), order)).toBe(over);
  });
  it('names the gates that failed', () => {
    expect(
      gateSummary([
        { id: 'ppl', pass: false },
        { id: 'top1', pass: true },
      ]),
    ).toBe('failed: ppl');
  });
});

describe('score over time', () => {
  const rows = [
    row({ filename: at(3), score: 9, verification: 'pending' }),
    row({ filename: at(1), score: 5 }),
    row({ filename: at(4), score: 99, verification: 'invalid' }),
    row({ filename: at(2), score: 7 }),
    row({ filename: 'no-stamp.md', score: 1000 }),
  ];
  it.each([
    ['desc' as const, true, [5, 7]],
    ['desc' as const, false, [5, 7, 9]],
    ['asc' as const, true, [5]],
  ])('%s verified only %s', (order, only, best) => {
    expect(toSeries(rows, order, only).best.map((b) => b.score)).toEqual(best);
  });
  it('an invalid result is a point and no champion', () => {
    const { points, champion } = toSeries(rows, 'desc', true);
    expect(points).toHaveLength(4);
    expect(champion?.score).toBe(7);
  });
  it('P9: takes 200,000 points', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => row({ score: i, filename: at(i % 60, `a${i}`) }));
    expect(toSeries(many, 'desc', true).points).toHaveLength(200_000);
  });
});

describe('trade-off', () => {
  const gates = (value: number) => [{ id: 'ppl', value, limit: 2.4, op: '<=', pass: value <= 2.4 }];
  const rows = [
    row({ filename: at(1), score: 10, gates: gates(2.0) }),
    row({ filename: at(2), score: 8, gates: gates(2.1) }),
    row({ filename: at(3), score: 12, gates: gates(2.3) }),
    row({ filename: at(4), score: 20, gates: gates(2.9), verification: 'invalid' }),
    row({ filename: at(5), score: 11 }),
  ];
  it('finds the axes that were measured', () => {
    const axes = paretoAxes(
      rows,
      [
        { id: 'ppl', op: '<=', limit: 2.4 },
        { id: 'none', op: '<=', limit: 1 },
      ],
      '',
      '',
    );
    expect(axes.map((a) => [a.id, a.limit, a.order])).toEqual([['ppl', 2.4, 'asc']]);
  });
  it('keeps what nothing beats on both', () => {
    const [axis] = paretoAxes(rows, [], '', '');
    const front = paretoPoints(rows, axis as NonNullable<typeof axis>, 'desc').filter((p) => p.front);
    expect(front.map((p) => p.score)).toEqual([10, 12]);
  });
});

describe('board', () => {
  it.each([
    [[row({ verification: 'pending', agent: 'p' }), row({ agent: 'v' })], 'v'],
    [[row({ verification: 'pending', agent: 'p' })], 'p'],
    [[row({ verification: 'invalid' })], undefined],
  ])('champion %#', (rows, agent) => {
    expect(championOf(rows)?.agent).toBe(agent);
  });
  it.each([
    ['desc' as const, 10, 45, '4.5 × the first result (10.00)'],
    ['desc' as const, 10, 11, '10 % above the first result (10.00)'],
    ['desc' as const, 10, 9, '10 % below the first result (10.00)'],
    ['asc' as const, 10, 5, '50 % below the first result (10.00)'],
    ['asc' as const, 10, 25, '150 % above the first result (10.00)'],
    ['desc' as const, -1, 5, '6.00 above the first result (-1.00)'],
    ['asc' as const, 0, 0, 'as much as the first result (0)'],
    ['desc' as const, 1e-9, 1, '1,000,000,000 × the first result (1.00e-9)'],
  ])('progress %s from %d to %d', (order, first, now, text) => {
    const champion = row({ filename: at(9), score: now });
    const rows = [row({ filename: at(1), score: first }), champion];
    expect(progressOf(rows, [], champion, order)).toBe(text);
  });
  it('is set against the best baseline, where there is one', () => {
    const champion = row({ filename: at(9), score: 45 });
    const baselines = [{ score: 9 }, { score: 15 }];
    expect(progressOf([champion], baselines, champion, 'desc')).toBe('3 × the baseline (15.00)');
    expect(progressOf([champion], baselines, champion, 'asc')).toBe('400 % above the baseline (9.00)');
    expect([progressOf([champion], [], champion, 'desc'), progressOf([], baselines, null, 'desc')]).toEqual([
      '',
      '',
    ]);
  });
  it('filters by words anywhere', () => {
    const rows = [row({ agent: 'ada', method: 'int4 head' }), row({ agent: 'bob' })];
    expect(filterRows(rows, 'INT4 ada').map((r) => r.agent)).toEqual(['ada']);
  });
  it('a choice and its address are the same thing', () => {
    const choice = toBoardChoice(
      { group: 'user', show: 'all', verdict: 'nonsense', division: 'open' },
      'lossless',
    );
    expect(choiceParams(choice, 'lossless')).toEqual({ division: 'open', group: 'user', show: 'all' });
    expect(boardQuery(choice, 'lossless')).toBe('?best_per_agent=false&group_by=user&division=open');
    expect(boardQuery(toBoardChoice({}, 'lossless'), 'lossless')).toBe('');
  });
  it('exports cells that no spreadsheet runs', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          ['=1+1', 'x,"y"'],
          [-2, null],
        ],
      ),
    ).toBe('a,b\r\n\'=1+1,"x,""y"""\r\n-2,\r\n');
  });
});

describe('people', () => {
  it('joins cards, messages and results, last seen first', () => {
    const card = {
      agent_id: 'ada',
      hf_user: 'U1',
      model: 'm',
      harness: 'h',
      tools: [],
      agent_bucket: '',
      joined: '',
      bio: null,
    };
    const people = peopleOf(
      [card, { ...card, agent_id: 'eve' }],
      [toMessage({ filename: at(5, 'human-u1'), frontmatter: {}, body: 'x' })],
      [row({ agent: 'ada', filename: at(1, 'ada') })],
    );
    expect(people.map((p) => [p.handle, p.kind, p.messages, p.results])).toEqual([
      ['human-u1', 'human', 1, 0],
      ['ada', 'agent', 0, 1],
      ['eve', 'agent', 0, 0],
    ]);
    expect(people[0]?.siblings).toEqual(['ada', 'eve']);
  });
  it('gives a name the same face every time', () => {
    expect(avatarOf('quiet-otter')).toEqual(avatarOf('quiet-otter'));
    expect(avatarOf('human-quiet-otter').letters).toBe('QO');
  });
});

describe('days and news', () => {
  const messages = [
    message({ time: Date.UTC(2026, 5, 2, 12), filename: 'b' }),
    message({ time: Date.UTC(2026, 5, 1, 12), filename: 'a' }),
  ];
  it('puts a divider above the first message of each day', () => {
    expect(withDays(messages).map((i) => i.kind)).toEqual(['day', 'message', 'day', 'message']);
  });
  it('counts what is new, and says when there may be more', () => {
    const since = Date.UTC(2026, 5, 1, 13);
    const all = { messages, more: false };
    expect(newsSince(since, { messages, more: true }, [], 'desc', null)).toMatchObject({
      messages: 1,
      messagesAtLeast: false,
      any: true,
      latest: messages[0]?.time,
    });
    expect(newsSince(0, { messages, more: true }, [], 'desc', null).messagesAtLeast).toBe(true);
    expect(newsSince(0, all, [], 'desc', null).messagesAtLeast).toBe(false);
    expect(newsSince(Date.UTC(2026, 6), all, [row({})], 'desc', null).any).toBe(false);
  });
});

describe('result', () => {
  it('never makes a link of what is no web address', () => {
    const facts = factsOf({
      a: 'javascript:alert(1)',
      b: 'https://x.example',
      c: ['1', { d: 2 }],
      agent: 'x',
    });
    expect(facts).toEqual([
      { key: 'a', text: 'javascript:alert(1)', url: null },
      { key: 'b', text: 'https://x.example', url: 'https://x.example' },
      { key: 'c', text: '1', url: null },
      { key: 'c', text: '{"d":2}', url: null },
    ]);
  });
  it.each([
    ['hf://buckets/o/b/runs/1/', { bucket: 'o/b', path: 'runs/1' }],
    ['artifacts/x_a', { bucket: 'o/main', path: 'artifacts/x_a' }],
    ['../x', null],
  ])('%s', (text, found) => {
    expect(bucketPath(text, 'o/main')).toEqual(found);
  });
});

describe('files of a result', () => {
  it('are folders of the central bucket that the server shows', () => {
    const snapshot = `submissions/${'a'.repeat(64)}`;
    const artifacts = [
      'artifacts/run_bob/',
      'hf://buckets/o/main/artifacts/two_bob',
      'https://x.invalid/',
      7,
    ];
    expect(foldersOf({ submission_snapshot: snapshot, artifacts }, 'o/main')).toEqual([
      { label: 'Submission as it is judged', prefix: snapshot },
      { label: 'Artifacts', prefix: 'artifacts/run_bob' },
      { label: 'Artifacts', prefix: 'artifacts/two_bob' },
    ]);
    expect(
      foldersOf({ artifacts: ['../agents', 'artifacts/', 'hf://buckets/x/y/artifacts/z'] }, 'o/main'),
    ).toEqual([]);
    expect(filePath('artifacts/a b/50%#.txt')).toBe('/v1/files/artifacts/a%20b/50%25%23.txt');
  });
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1234, '1.2 kB'],
    [5e9, '5 GB'],
  ])('%d bytes', (bytes, words) => {
    expect(formatBytes(bytes).replace('\u00a0', ' ')).toBe(words);
  });
});

describe('logs', () => {
  it('are shown without what steers a terminal', () => {
    expect(plainText('\x1b[1;32mok\x1b[0m \x1b]0;title\x07<b>\x1bM x')).toBe('ok <b> x');
    expect(plainText(null)).toBeNull();
  });
  it('have names people understand', () => {
    expect(['benchmark', 'first', 'run-ab12'].map(runWords)).toEqual([
      'Benchmark',
      'Verification, first run',
      'Verification, run-ab12',
    ]);
    expect(logsPath('a/b.md', 'run 1')).toBe('/v1/results/a%2Fb.md/logs/run%201');
  });
});

const queueOf = (states: ('running' | 'queued')[], over: Partial<Queue> = {}): Queue => ({
  mode: 'eval-space',
  matched: states.length,
  next: null,
  evaluator_seen_at: null,
  items: states.map((state, position) => ({
    filename: at(position),
    agent: `agent-${position}`,
    hf_user: null,
    state,
    position,
    reason: '',
    eta: null,
    eta_seconds: state === 'running' ? null : 240,
    price_usd: null,
    score: 5,
  })),
  spend: { usd: 0, budget_usd: null, verification_usd: 0, verification_budget_usd: null, runs: 0 },
  generated_at: '',
  ...over,
});

describe('what goes on now', () => {
  it.each([
    [queueOf([]), 'Nothing waits for a verdict.'],
    [queueOf(['queued']), '1 result waits for a verdict, the next is expected in 4 min.'],
    [queueOf(['running']), 'The claim of @agent-0, 5.00, is being run again; nothing waits for a verdict.'],
    [
      queueOf(['running', 'running', 'queued', 'queued'], { matched: 1202 }),
      '2 verification runs are going; 1,200 results wait for a verdict, the next is expected in 4 min.',
    ],
    [null, '7 results wait for a verdict.'],
  ])('%#', (queue, words) => {
    expect(nowWords(queue, 7)).toBe(words);
  });

  const NOW = Date.UTC(2026, 5, 1, 12);
  it.each([
    ['asked a minute ago', ['queued'], NOW - 60_000, false],
    ['asked an hour ago, and results wait', ['queued'], NOW - 3_600_000, true],
    ['asked an hour ago, and nothing waits', [], NOW - 3_600_000, false],
    ['never asked, and results wait', ['queued'], null, true],
    ['never asked, and nothing waits', [], null, false],
    ['is a little ahead of this clock', ['queued'], NOW + 5_000, false],
  ] as const)('the evaluator %s', (_name, states, seen, silent) => {
    const told = evaluatorOf(
      queueOf([...states], { evaluator_seen_at: seen === null ? null : new Date(seen).toISOString() }),
      NOW,
    );
    expect(told.silent).toBe(silent);
    expect(told.words.includes('the organizers restart it')).toBe(silent);
  });
});

describe('for whom a message is', () => {
  it.each([
    ['hi @human-ada!', true],
    ['hi @human-ada-2', false],
    ['mail x@human-ada', false],
    ['`@human-ada`', true],
  ])('%s', (body, wanted) => {
    expect(isFor(body, 'human-ada')).toBe(wanted);
  });
});

describe('titles', () => {
  it('say where one is and what waits', () => {
    const title = (hash: string, unread = 0) => titleOf(parseRoute(hash), 'Gemma', unread);
    expect([title('#/'), title('#/plots'), title('#/agents/bob', 2)]).toEqual([
      'Gemma',
      'Plots · Gemma',
      '(2) @bob · Gemma',
    ]);
  });
});
