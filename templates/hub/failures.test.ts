import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBudget } from './budget.ts';
import { createHubClient, type HubClientOptions } from './client.ts';
import { HubError, type HubPort } from './port.ts';

const TOKEN = 'hf_veryverysecret';
type Handler = (request: IncomingMessage, response: ServerResponse, call: number) => void;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A hub that answers what the test says, and a client whose clock does not wait. */
async function hubThat(handler: Handler, options: Partial<HubClientOptions> = {}) {
  const calls: string[] = [];
  const waits: number[] = [];
  /** What is to happen when time passes. */
  const due = new Map<() => void, number>();
  const server = createServer((request, response) => {
    request.resume();
    calls.push(`${request.method} ${request.url}`);
    handler(request, response, calls.length);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const budget = createBudget();
  const clock = {
    now: () => 1_000_000,
    sleep: async (ms: number) => {
      waits.push(ms);
    },
    after: (ms: number, work: () => void) => {
      due.set(work, ms);
      return () => due.delete(work);
    },
  };
  const timePasses = () => {
    for (const work of [...due.keys()]) work();
  };
  const hub = createHubClient({ endpoint: url, token: TOKEN, clock, budget, ...options });
  return { hub, url, calls, waits, budget, timePasses };
}

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Handler => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};
const BUCKET = { id: 'a/b', author: 'a', private: false, createdAt: '2026-01-01', size: 0, totalFiles: 0 };

/** A hub that makes what is asked for with a visibility of its own, and changes it when told to. */
async function hubOf(made: { private: boolean; sdk?: string }) {
  const bodies: [call: string, body: unknown][] = [];
  let now = { ...BUCKET, ...made };
  const base = await hubThat((request, response, call) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const said = request.method === 'GET' ? {} : JSON.parse(text);
      if (request.method !== 'GET') bodies.push([`${request.method} ${request.url}`, said]);
      if (request.method === 'PUT') now = { ...now, private: said.private ?? said.visibility === 'private' };
      answer(200, now)(request, response, call);
    });
  });
  return { ...base, bodies };
}

const failure = async (work: Promise<unknown>): Promise<HubError> => {
  const error = await work.then(
    () => new Error('it did not fail'),
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(HubError);
  return error;
};

describe('a read', () => {
  const table: [
    name: string,
    status: number,
    headers: Record<string, string>,
    kind: string,
    calls: number,
  ][] = [
    ['401', 401, {}, 'unauthorized', 1],
    ['402', 402, {}, 'payment', 1],
    ['403', 403, {}, 'forbidden', 1],
    ['404 that names no reason', 404, {}, 'protocol', 1],
    ['409', 409, {}, 'conflict', 1],
    ['422', 422, {}, 'invalid', 1],
    ['429', 429, { 'retry-after': '1' }, 'rate_limited', 4],
    ['408', 408, {}, 'unavailable', 4],
    ['500', 500, {}, 'unavailable', 4],
    ['501', 501, {}, 'invalid', 1],
    ['503', 503, {}, 'unavailable', 4],
  ];
  it.each(table)('%s', async (_name, status, headers, kind, count) => {
    const { hub, calls } = await hubThat(answer(status, { error: 'no' }, headers));
    const error = await failure(hub.bucketInfo('a/b'));
    expect([error.kind, error.status, calls.length]).toEqual([kind, status, count]);
  });

  it.each(['RepoNotFound', 'EntryNotFound', 'RevisionNotFound'])('404 with %s is null', async (code) => {
    const { hub } = await hubThat(answer(404, { error: 'no' }, { 'x-error-code': code }));
    expect([await hub.bucketInfo('a/b'), await hub.readFile('a/b', 'c')]).toEqual([null, null]);
  });

  it('is tried again until it succeeds, after as long as the Hub asks for', async () => {
    const { hub, waits } = await hubThat((request, response, call) =>
      call < 3
        ? answer(429, { error: 'slow down' }, { 'retry-after': '7' })(request, response, call)
        : answer(200, BUCKET)(request, response, call),
    );
    expect((await hub.bucketInfo('a/b'))?.id).toBe('a/b');
    expect(waits).toEqual([7000, 7000]);
  });

  it('is not kept waiting for minutes', async () => {
    const { hub, waits } = await hubThat(answer(429, {}, { 'retry-after': '300' }));
    expect([(await failure(hub.bucketInfo('a/b'))).retryAfterS, waits]).toEqual([300, []]);
  });

  it.each(['', '<html>', '[]', '{"id":"a/b"}', 'null'])('of garbage (%s) is an error', async (body) => {
    const { hub } = await hubThat(answer(200, body));
    expect((await failure(hub.bucketInfo('a/b'))).kind).toBe('protocol');
  });

  it('that is cut off half-way is tried again', async () => {
    const { hub, calls } = await hubThat((request, response, call) => {
      if (call > 1) return answer(200, BUCKET)(request, response, call);
      response.writeHead(200, { 'content-length': '500' });
      response.write('{"id"');
      setImmediate(() => response.destroy());
    });
    expect([(await hub.bucketInfo('a/b'))?.id, calls.length]).toEqual(['a/b', 2]);
  });

  it('says no token and no query when it fails', async () => {
    const echo: Handler = (request, response, call) =>
      answer(403, { error: `you sent ${request.headers.authorization}` })(request, response, call);
    const { hub } = await hubThat(echo);
    const error = await failure(hub.listFiles('a/b'));
    expect(`${error.message} ${error.url} ${error.stack}`).not.toMatch(/hf_very|recursive=/);
    expect(error.message).toContain('[redacted]');
  });

  it('says no key that it was given to keep, should the Hub repeat it', async () => {
    const { hub } = await hubThat(answer(400, { error: 'not a value: ccek_0123456789abcdef' }));
    const error = await failure(hub.setSpaceSecret('a/b', 'EVALUATOR_KEY', 'ccek_0123456789abcdef'));
    expect(error.message).toContain('not a value: [redacted]');
  });
});

describe('a listing', () => {
  const file = (path: string) => ({ type: 'file', path, size: 1, xetHash: 'f'.repeat(64) });
  it('is every page', async () => {
    const { hub, url } = await hubThat((request, response, call) => {
      const next = call === 1 ? { link: `<${url}/api/buckets/a/b/tree?cursor=2>; rel="next"` } : {};
      answer(200, [file(`f${call}`)], next as Record<string, string>)(request, response, call);
    });
    expect((await hub.listFiles('a/b'))?.map((entry) => entry.path)).toEqual(['f1', 'f2']);
  });

  it('C4: whose second page fails is an error, not half a list', async () => {
    const { hub, url } = await hubThat((request, response, call) =>
      call === 1
        ? answer(200, [file('f1')], { link: `<${url}/api/x?cursor=2>; rel="next"` })(request, response, call)
        : answer(404, { error: 'gone' }, { 'x-error-code': 'RepoNotFound' })(request, response, call),
    );
    expect((await failure(hub.listFiles('a/b'))).kind).toBe('missing');
  });

  it('a listing is not followed beyond what its caller has a use for', async () => {
    const file = { type: 'file', path: 'f', size: 1, xetHash: 'a' };
    const endless = await hubThat((request, response, call) => {
      const link = `<http://${request.headers.host}/api/x?cursor=${call}>; rel="next"`;
      answer(200, [file, file, file], { link })(request, response, call);
    });
    expect((await failure(endless.hub.listFiles('a/b', 'x/', { maxFiles: 5 }))).kind).toBe('invalid');
    expect(endless.calls).toHaveLength(2);
    const single = await hubThat(answer(200, [file, file, file]));
    expect((await failure(single.hub.listFiles('a/b', 'x/', { maxFiles: 2 }))).kind).toBe('invalid');
    expect(await single.hub.listFiles('a/b', 'x/', { maxFiles: 3 })).toHaveLength(3);
  });

  it('S35: does not follow a page to another server, nor in a circle', async () => {
    const elsewhere = await hubThat(answer(200, [], { link: '<https://evil.example/x>; rel="next"' }));
    expect((await failure(elsewhere.hub.listFiles('a/b'))).kind).toBe('protocol');
    const circle = await hubThat((request, response, call) =>
      answer(200, [], { link: `<${circle.url}/api/x?cursor=1>; rel="next"` })(request, response, call),
    );
    const error = await failure(circle.hub.listFiles('a/b'));
    expect([error.kind, circle.calls.length]).toEqual(['protocol', 2]);
  });
});

describe('a write', () => {
  const writes: [name: string, work: (hub: HubPort) => Promise<unknown>][] = [
    ['batch', (hub) => hub.write('a/b', { deletes: ['x'] })],
    ['job', (hub) => hub.runJob('a', { image: 'i', command: ['c'], flavor: 'f', timeoutSeconds: 1 })],
  ];
  it.each(writes)('%s: a lost answer is unknown, and it is sent once', async (_name, work) => {
    for (const handler of [
      (_request: IncomingMessage, response: ServerResponse) => response.destroy(),
      answer(502, 'bad gateway'),
      answer(500, { error: 'internal' }),
    ] as Handler[]) {
      const { hub, calls } = await hubThat(handler);
      expect([(await failure(work(hub))).kind, calls.length]).toEqual(['unknown_outcome', 1]);
    }
  });

  const makes: typeof writes = [
    ['bucket', (hub) => hub.createBucket('a/b', { private: false })],
    ['Space', (hub) => hub.createSpace('a/b', { sdk: 'docker', private: false })],
  ];
  it.each(makes)('%s made, and a token that ends before it is looked at: unknown', async (_name, work) => {
    const { hub, calls } = await hubThat((request, response, call) =>
      answer(call === 1 ? 200 : 401, { error: 'expired' })(request, response, call),
    );
    expect([(await failure(work(hub))).kind, calls.length]).toEqual(['unknown_outcome', 2]);
    const refusing = await hubThat(answer(401, { error: 'expired' }));
    expect((await failure(work(refusing.hub))).kind).toBe('unauthorized');
  });

  it.each(writes)('%s: a timeout is unknown', async (_name, work) => {
    const { hub, calls, timePasses } = await hubThat(() => timePasses(), { timeoutMs: 50 });
    const error = await failure(work(hub));
    expect([error.kind, calls.length]).toEqual(['unknown_outcome', 1]);
    expect(error.message).toContain('50 ms');
  });

  it.each(writes)('%s: a refusal for its rate had no effect and is tried again', async (_name, work) => {
    const { hub, calls } = await hubThat(answer(429, {}, { 'retry-after': '1' }));
    expect([(await failure(work(hub))).kind, calls.length]).toEqual(['rate_limited', 4]);
  });

  it.each(writes)('%s: no connection is no effect', async (_name, work) => {
    const { hub } = await hubThat(() => undefined);
    const gone = servers.pop();
    await new Promise((resolve) => gone?.close(resolve));
    expect((await failure(work(hub))).kind).toBe('unavailable');
  });

  it('that comes to the same is repeated', async () => {
    const { hub, calls } = await hubThat((request, response, call) =>
      answer(call < 3 ? 500 : 200, {})(request, response, call),
    );
    await hub.setSpaceVariable('a/b', { key: 'K', value: 'v' });
    expect(calls.length).toBe(3);
  });

  it('that deletes counts as done when it is gone at the second try, not at the first', async () => {
    const gone = answer(404, { error: 'no' }, { 'x-error-code': 'RepoNotFound' });
    const lost = await hubThat((request, response, call) =>
      call === 1 ? response.destroy() : gone(request, response, call),
    );
    await lost.hub.deleteBucket('a/b');
    expect(lost.calls.length).toBe(2);
    const never = await hubThat(gone);
    expect((await failure(never.hub.deleteBucket('a/b'))).kind).toBe('missing');
  });

  it('names what the Hub refused, and fails when it took nothing', async () => {
    const failed = [{ path: 'x', error: 'no' }];
    const some = await hubThat(answer(200, { success: true, failed }));
    expect((await some.hub.write('a/b', { deletes: ['x', 'y'] })).failed).toEqual(failed);
    for (const status of [200, 422]) {
      const none = await hubThat(answer(status, { success: false, failed }));
      expect((await failure(none.hub.write('a/b', { deletes: ['x'] }))).kind).toBe('invalid');
    }
  });

  it('of a bucket whose answer was lost is settled by looking', async () => {
    const { hub } = await hubThat((request, response, call) => {
      if (request.method === 'POST') response.destroy();
      else answer(200, BUCKET)(request, response, call);
    });
    expect((await hub.createBucket('a/b', { private: false })).id).toBe('a/b');
  });

  it('of a private bucket that comes out public, and stays it, is an error', async () => {
    const { hub } = await hubThat(answer(200, BUCKET));
    expect((await failure(hub.createBucket('a/b', { private: true }))).message).toContain('public');
  });

  it.each([
    [true, 'a Hub that reads another word'],
    [false, 'an organization whose new repositories are private'],
  ])('of a bucket that is to be private %s is corrected at once on %s', async (isPrivate) => {
    const { hub, bodies } = await hubOf({ private: !isPrivate });
    expect((await hub.createBucket('a/b', { private: isPrivate })).private).toBe(isPrivate);
    const visibility = isPrivate ? 'private' : 'public';
    expect(bodies).toEqual([
      ['POST /api/buckets/a/b', { visibility }],
      ['PUT /api/buckets/a/b/settings', { private: isPrivate }],
    ]);
  });

  it('of a Space says visibility once, carries its variables, and is corrected likewise', async () => {
    const { hub, bodies } = await hubOf({ private: true, sdk: 'docker' });
    const made = await hub.createSpace('a/b', { sdk: 'docker', private: false, variables: { ORG: 'acme' } });
    expect(made.private).toBe(false);
    const create = { type: 'space', name: 'b', organization: 'a', sdk: 'docker', visibility: 'public' };
    expect(bodies).toEqual([
      ['POST /api/repos/create', { ...create, variables: [{ key: 'ORG', value: 'acme' }] }],
      ['PUT /api/spaces/a/b/settings', { visibility: 'public' }],
    ]);
  });

  it('of a repository while the Hub makes another one for the same user waits its turn', async () => {
    const busy = { error: 'Cannot create repo: another conflicting operation is in progress' };
    const { hub, calls } = await hubThat((request, response, call) =>
      answer(request.method === 'POST' && call < 3 ? 409 : 200, call < 3 ? busy : BUCKET)(
        request,
        response,
        call,
      ),
    );
    expect((await hub.createBucket('a/b', { private: false })).id).toBe('a/b');
    expect(calls.filter((call) => call.startsWith('POST'))).toHaveLength(3);
  });

  it('that finds what is there already is a conflict, and is not repeated', async () => {
    const { hub, calls } = await hubThat(answer(409, { error: 'You already created this bucket' }));
    expect((await failure(hub.createBucket('a/b', { private: false }))).kind).toBe('conflict');
    expect(calls).toHaveLength(1);
  });
});

describe('answers that only huggingface.co gives', () => {
  it.each([
    [{ name: 'ada', type: 'user', orgs: null, auth: null, isPro: null, canPay: null }, 'unknown', []],
    [{ name: 'ada', type: 'user', auth: { type: 'oauth' } }, 'oauth', []],
    [
      {
        name: 'ada',
        type: 'user',
        auth: { type: 'access_token', accessToken: { role: 'fineGrained', fineGrained: null } },
        orgs: [{ name: 'acme', plan: null, canPay: null }],
      },
      'fineGrained',
      [{ name: 'acme' }],
    ],
  ])('a whoami that leaves things out is read: %o', async (said, tokenRole, orgs) => {
    const { hub } = await hubThat(answer(200, said));
    const who = { name: 'ada', type: 'user', isPro: false, scopes: [], tokenRole, orgs };
    expect(await hub.whoami()).toEqual(who);
  });

  it('a file in large-file storage is known by its content, not by its pointer', async () => {
    const lfs = { oid: 'f'.repeat(64), size: 5, pointerSize: 130 };
    const tree = [
      { type: 'directory', path: 'public', oid: 'd', size: 0 },
      { type: 'file', path: 'a.md', oid: 'a', size: 1 },
      { type: 'file', path: 'b.bin', oid: 'b', size: 5, lfs, xetHash: 'e'.repeat(64) },
    ];
    const { hub } = await hubThat(answer(200, tree));
    expect(await hub.spaceFiles('a/b')).toEqual([
      { path: 'a.md', oid: 'a', size: 1 },
      { path: 'b.bin', oid: 'b', size: 5, sha256: 'f'.repeat(64) },
    ]);
  });

  it.each([
    [{ name: 'acme', plan: 'team' }, 'team'],
    [{ name: 'acme' }, null],
  ])('the plan of an organization: %o', async (said, plan) => {
    const { hub } = await hubThat(answer(200, said));
    expect(await hub.orgPlan('acme')).toBe(plan);
  });

  it('an error that comes as a list, or as a page, is told in words', async () => {
    const list = await hubThat(answer(400, { errors: [{ message: 'title is too long' }] }));
    expect((await failure(list.hub.whoami())).message).toContain('title is too long');
    const page = await hubThat(answer(502, '<html>Bad gateway</html>', { 'content-type': 'text/html' }));
    const error = await failure(page.hub.whoami());
    expect([error.kind, error.message.includes('<html>')]).toEqual(['unavailable', false]);
  });
});

describe('uploads', () => {
  /** A store that refuses its own token as often as told. */
  const store = (refusals: number): Handler => {
    let left = refusals;
    return (request, response, call) => {
      const url = request.url ?? '';
      if (url.endsWith('xet-write-token')) {
        const casUrl = `http://${request.headers.host}/cas`;
        return answer(200, { casUrl, accessToken: 't', exp: 9_999_999_999 })(request, response, call);
      }
      if (url.startsWith('/cas/') && left-- > 0)
        return answer(403, { error: 'expired' })(request, response, call);
      return answer(200, url.endsWith('/batch') ? { failed: [] } : {})(request, response, call);
    };
  };
  const write = { adds: [{ path: 'a', content: 'b' }] };

  it('X1: one refused store token does not spoil the next call', async () => {
    const { hub } = await hubThat(store(1));
    expect((await failure(hub.write('a/b', write))).kind).toBe('forbidden');
    expect((await hub.write('a/b', write)).failed).toEqual([]);
  });

  it('nothing is kept of a token that came with one call', async () => {
    const { hub, calls } = await hubThat(store(0));
    const asked = () => calls.filter((call) => call.endsWith('xet-write-token')).length;
    for (let n = 0; n < 3; n++) await hub.write('a/b', write, 'hf_of_somebody_else');
    expect(asked()).toBe(3);
    for (let n = 0; n < 3; n++) await hub.write('a/b', write);
    expect(asked()).toBe(4);
  });

  it('a kept token that the store no longer takes is renewed', async () => {
    let refuse = false;
    const { hub, calls } = await hubThat((request, response, call) => {
      if (!refuse || !request.url?.startsWith('/cas/')) return store(0)(request, response, call);
      refuse = false;
      answer(401, { error: 'expired' })(request, response, call);
    });
    await hub.write('a/b', write);
    refuse = true;
    expect((await hub.write('a/b', write)).failed).toEqual([]);
    expect(calls.filter((call) => call.endsWith('xet-write-token')).length).toBe(2);
  });
});

it('an error without end is read as far as it says something', async () => {
  const { hub, calls } = await hubThat((_request, response) => {
    response.writeHead(403, { 'content-type': 'text/plain' });
    const more = () => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  });
  expect((await failure(hub.bucketInfo('a/b'))).kind).toBe('forbidden');
  expect(calls).toHaveLength(1);
});

describe('the call budget', () => {
  it('counts calls and reads what the Hub says of its limit', async () => {
    const headers = {
      ratelimit: '"api";r=997;t=120',
      'ratelimit-policy': '"fixed window";"api";q=1000;w=300',
    };
    const { hub, budget } = await hubThat(answer(200, BUCKET, headers));
    await hub.bucketInfo('a/b');
    await hub.readFile('a/b', 'x');
    expect(budget.snapshot()).toEqual({
      calls: { api: 1, resolve: 1, cas: 0 },
      rateLimited: 0,
      remaining: 997,
      limit: 1000,
      resetsAt: 1_120_000,
    });
  });

  it("is not moved by what the Hub says of somebody else's limit", async () => {
    const { hub, budget } = await hubThat(
      answer(200, { name: 'ada', type: 'user' }, { ratelimit: '"api";r=0;t=300' }),
    );
    await hub.whoami('hf_of_somebody_else');
    expect(budget.snapshot()).toMatchObject({ calls: { api: 1 }, rateLimited: 0 });
    expect(budget.snapshot().remaining).toBeUndefined();
    await hub.whoami(TOKEN);
    expect(budget.snapshot().remaining).toBe(0);
  });
});

describe('logs', () => {
  it('of something that still runs end when nothing more comes', async () => {
    const log =
      ': keep-alive\n\ndata: {"data":"one\\n","timestamp":"x"}\n\ndata: {"data":"two\\n"}\n\ndata: {"da';
    const parts = [log.slice(0, 40), log.slice(40)];
    const { hub, timePasses } = await hubThat(() => undefined, {
      fetch: async () =>
        new Response(
          new ReadableStream(
            {
              pull: (stream) => {
                const part = parts.shift();
                if (part === undefined) timePasses();
                else stream.enqueue(new TextEncoder().encode(part));
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    });
    expect(await hub.spaceLogs('a/b', 'run')).toEqual(['one', 'two']);
  });
});
