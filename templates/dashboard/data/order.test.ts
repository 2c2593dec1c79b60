/** Answers that come late, twice, in the wrong order or not at all. */
import { describe, expect, it, vi } from 'vitest';
import { Feed } from './feed.svelte.ts';
import { Flight } from './flight.ts';
import { Http } from './http.ts';
import { poll } from './poll.ts';
import { Resource } from './resource.svelte.ts';
import type { MessageRecord } from './types.ts';

/** A server whose answers come when the test lets them. */
function slowServer() {
  const open: { url: string; answer: (body: unknown, status?: number) => void; fail: () => void }[] = [];
  const http = new Http(
    (url) =>
      new Promise((answer, reject) => {
        open.push({
          url: String(url),
          answer: (body, status = 200) => answer(new Response(JSON.stringify(body), { status })),
          fail: () => reject(new TypeError('refused')),
        });
      }),
  );
  return { http, open };
}

const names = (n: number, from = 0) =>
  Array.from({ length: n }, (_, i) => `20260601-0800${String(from + i).padStart(2, '0')}-000_ada.md`);
const page = (filenames: string[], next: string | null = null) => ({
  count: 9,
  matched: 9,
  items: filenames.map(
    (filename) => ({ filename, frontmatter: { agent: 'ada' }, body: 'x' }) as unknown as MessageRecord,
  ),
  next,
  cursor: null,
});
const shown = (feed: Feed) => feed.messages.map((m) => m.filename);

describe('one piece of work', () => {
  it('is joined while it is under way; who needs what is new waits for a run of its own', async () => {
    const ends: (() => void)[] = [];
    const flight = new Flight(() => new Promise<void>((end) => ends.push(end)));
    const first = flight.join();
    expect(flight.join()).toBe(first);
    const fresh = flight.anew();
    expect(flight.anew()).toBe(fresh);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await first;
    await vi.waitFor(() => expect(ends).toHaveLength(2), 240_000);
    ends[1]?.();
    await fresh;
    const next = flight.join();
    expect(ends).toHaveLength(3);
    ends[2]?.();
    await next;
  });

  it('that fails does not keep the next one from beginning', async () => {
    let runs = 0;
    const flight = new Flight(async () => {
      if (++runs === 1) throw new Error('once');
    });
    const [first, fresh] = [flight.join(), flight.anew()];
    await expect(first).rejects.toThrow('once');
    await fresh;
    expect(runs).toBe(2);
  });
});

describe('what a view waits for', () => {
  it('is never what was asked before somebody wrote', async () => {
    const { http, open } = slowServer();
    const verdict = Resource.at<string>(http, '/x');
    const [polled, wanted] = [verdict.refresh(), verdict.renew()];
    open[0]?.answer('before');
    await polled;
    expect(verdict.value).toBe('before');
    await vi.waitFor(() => expect(open).toHaveLength(2), 240_000);
    open[1]?.answer('after');
    await wanted;
    expect(verdict.value).toBe('after');
  });

  it('fails, comes, and stays when it fails again; it is never loading for ever', async () => {
    const { http, open } = slowServer();
    const thing = Resource.at<string>(http, '/x');
    const states: unknown[] = [];
    for (const end of ['fail', 'answer', 'fail'] as const) {
      const run = thing.refresh();
      expect(thing.loading).toBe(true);
      if (end === 'fail') open.at(-1)?.fail();
      else open.at(-1)?.answer('there');
      await run;
      states.push([thing.value, thing.error?.code ?? null, thing.stale, thing.loading]);
    }
    expect(states).toEqual([
      [null, 'OFFLINE', false, false],
      ['there', null, false, false],
      ['there', 'OFFLINE', true, false],
    ]);
  });

  it.each([
    [
      'breaks off',
      () => new Response(new ReadableStream({ start: (c) => c.error(new Error('reset')) })),
      'OFFLINE',
    ],
    ['is somebody else’s page', () => new Response('<!doctype html>'), 'NO_DATA'],
  ])('an answer that %s is told in words', async (_what, response, code) => {
    const http = new Http(async () => response());
    await expect(http.get('/x')).rejects.toMatchObject({ code });
    await expect(http.post('/x', {})).rejects.toMatchObject({ code });
  });
});

describe('a feed', () => {
  it('older ones that come while new ones are asked for are kept, and the other way round', async () => {
    const [old, middle, fresh] = [names(2), names(2, 10), names(1, 20)];
    for (const order of [
      [1, 2],
      [2, 1],
    ] as const) {
      const { http, open } = slowServer();
      const feed = new Feed(http, '/v1/messages');
      const first = feed.refresh();
      open[0]?.answer(page([...middle].reverse(), 'more'));
      await first;
      const both = [feed.refresh(), feed.loadOlder(), feed.loadOlder()];
      expect(open).toHaveLength(3);
      expect(feed.loading).toBe(true);
      const answers = { 1: page(fresh), 2: page([...old].reverse()) };
      for (const n of order) {
        open[n]?.answer(answers[n]);
        await vi.waitFor(() => expect(shown(feed)).toContain(n === 1 ? fresh[0] : old[0]), 240_000);
      }
      await Promise.all(both);
      expect(shown(feed)).toEqual([...old, ...middle, ...fresh].reverse());
      expect([feed.more, feed.loading, feed.error]).toEqual([false, false, null]);
    }
  });

  it('one’s own message is asked for after it was written', async () => {
    const { http, open } = slowServer();
    const feed = new Feed(http, '/v1/messages');
    const first = feed.refresh();
    const wanted = feed.renew();
    open[0]?.answer(page([]));
    await first;
    expect([feed.loaded, shown(feed)]).toEqual([true, []]);
    await vi.waitFor(() => expect(open).toHaveLength(2), 240_000);
    open[1]?.answer(page(names(1)));
    await wanted;
    expect(shown(feed)).toEqual(names(1));
  });

  it('whose first page failed is not loaded, and comes with the next try', async () => {
    const { http, open } = slowServer();
    const feed = new Feed(http, '/v1/messages');
    const first = feed.refresh();
    open[0]?.fail();
    await first;
    expect([feed.loaded, feed.loading, feed.error?.code]).toEqual([false, false, 'OFFLINE']);
    const second = feed.refresh();
    open[1]?.answer(page(names(1)));
    await second;
    expect([feed.loaded, feed.error]).toEqual([true, null]);
  });
});

describe('asking again', () => {
  const document = () =>
    Object.assign(new EventTarget(), { visibilityState: 'visible' }) as unknown as Document;

  it('goes on after a turn that threw', async () => {
    vi.useFakeTimers();
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      let turns = 0;
      const stop = poll(
        async () => {
          turns++;
          if (turns === 1) throw new Error('once');
        },
        1000,
        document(),
      );
      await vi.advanceTimersByTimeAsync(2500);
      stop();
      await vi.advanceTimersByTimeAsync(5000);
      expect(turns).toBe(3);
      expect(told).toHaveBeenCalledTimes(1);
    } finally {
      told.mockRestore();
      vi.useRealTimers();
    }
  });
});
