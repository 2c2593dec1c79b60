import { describe, expect, it } from 'vitest';
import { at, message, row } from '../../../test/helpers/page-records.ts';
import type { Queue } from '../data/types.ts';
import { avatarOf } from './avatar.ts';
import { withDays } from './days.ts';
import { evaluatorOf } from './evaluator.ts';
import { toMessage } from './message.ts';
import { newsSince } from './news.ts';
import { nowWords } from './now.ts';
import { peopleOf } from './people.ts';

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
  it('the server is no agent', () => {
    const told = toMessage({ filename: at(5, 'verifier'), frontmatter: { via: 'server' }, body: 'x' });
    expect(peopleOf([], [told], []).map((p) => p.kind)).toEqual(['server']);
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
