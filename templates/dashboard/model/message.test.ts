import { describe, expect, it } from 'vitest';
import { at, message } from '../../../test/helpers/page-records.ts';
import { suggestHandles } from './mentions.ts';
import { isFor, toAuthor, toMessage, toRefs } from './message.ts';
import { previewOf, quoteOf } from './preview.ts';
import { filterMessages, highlightRanges } from './search.ts';
import { authorOf, timeOf } from './stamp.ts';

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
    [['a.md', 'results/a.md', 'a.md'], ['a.md']],
    [null, []],
    ['nothing', []],
  ])('refs %j', (refs, wanted) => {
    expect(toRefs(refs)).toEqual(wanted);
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
    [
      `**INVALID**: @a\n\ngate x failed\n\n|a|\n|-|\n${'|1|\n'.repeat(20)}`,
      '',
      '**INVALID**: @a\n\ngate x failed',
      true,
    ],
    [`one\n\ntwo\n\n- ${'x '.repeat(400)}`, '', 'one\n\ntwo', true],
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
