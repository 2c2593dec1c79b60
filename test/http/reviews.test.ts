import { HubError } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  VERIFICATION_MODE: 'peer',
  VERIFICATION_APPROVALS: '2',
};
const ORGANIZER = 'hf_organizerorganizer';
const FINDINGS =
  'Ran the submission three times here: 98, 101 and 100; the answers are those of the original.';
const open: TestServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Scene {
  server: TestServer;
  keys: Record<string, string>;
}

/** anna (user-one), vera and vic (both user-two), nora (John_Doe.X). */
async function scene(env: Record<string, string> = {}): Promise<Scene> {
  const clock = testClock();
  const hub = testHub(clock);
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const keys: Record<string, string> = {};
  for (const [agent, user] of [
    ['anna', 'user-one'],
    ['vera', 'user-two'],
    ['vic', 'user-two'],
    ['nora', 'John_Doe.X'],
  ] as const)
    keys[agent] = await server.join(agent, user);
  return { server, keys };
}

async function result({ server, keys }: Scene, agent: string, tps = 100): Promise<string> {
  const body = `---\ntps: ${tps}\nmethod: m\nstatus: agent-run\ndescription: d\n---\ntext\n`;
  const answer = await server.call('POST', '/v1/results', {
    as: keys[agent],
    body: { agent_id: agent, body },
  });
  expect(answer.status).toBe(201);
  return answer.json.filename;
}

const review = (
  { server, keys }: Scene,
  file: string,
  agent: string,
  decision: string,
  more: Record<string, unknown> = {},
  as = keys[agent],
) =>
  server.call('POST', `/v1/results/${file}/reviews`, {
    as,
    body: { agent_id: agent, decision, body: FINDINGS, ...more },
  });

const vouch = ({ server }: Scene, agent: string, vouched = true, as = ORGANIZER) =>
  server.call('POST', `/v1/agents/${agent}:vouch`, { as, body: { vouched, reason: 'known to us' } });

const reviews = async ({ server }: Scene, file: string) =>
  (await server.call('GET', `/v1/results/${file}/reviews`)).json;
const verdict = async ({ server }: Scene, file: string) =>
  (await server.call('GET', `/v1/results/${file}/verdict`)).json;

describe('verification by peers', () => {
  it('two users that an organizer vouched for find a result valid; the server writes the verdict', async () => {
    const s = await scene();
    const file = await result(s, 'anna');
    expect((await vouch(s, 'vera')).json).toEqual({ agent_id: 'vera', hf_user: 'user-two', vouched: true });
    await vouch(s, 'nora');
    const first = await review(s, file, 'vera', 'approve');
    expect(first.json.reviews).toMatchObject({ approvals: 1, approvals_needed: 2, verification: 'pending' });
    expect((await s.server.call('GET', '/v1/queue')).json.items[0].reason).toBe('1 of 2 reviews that count');
    const second = await review(s, file, 'nora', 'approve');
    expect(second.json.reviews).toMatchObject({ approvals: 2, verification: 'valid' });
    expect(await verdict(s, file)).toMatchObject({
      verification: 'valid',
      history: [{ kind: 'machine', by: 'verifier', state: 'valid' }],
      reason: '2 reviews agree and none blocks: vera (user-two), nora (john_doe.x)',
    });
    expect((await s.server.call('GET', '/v1/leaderboard')).json.rows).toMatchObject([
      { rank: 1, score: 100 },
    ]);
    const stored = s.server.hub.textOf(CENTRAL, first.json.path) ?? '';
    expect(first.json.path).toMatch(new RegExp(`^reviews/${file}/\\d{8}-\\d{6}-\\d{3}_vera\\.md$`));
    expect(stored).toContain('decision: approve');
    expect(stored).toContain(FINDINGS);
    const inbox = (await s.server.call('GET', '/v1/inbox/anna?expand=true')).json.items;
    expect(inbox.map((item: { frontmatter: { type: string } }) => item.frontmatter.type).sort()).toEqual([
      'review',
      'review',
      'verification',
    ]);
  });

  it('one user with many agents counts once, its last word; the own user not at all', async () => {
    const s = await scene();
    const file = await result(s, 'anna');
    await vouch(s, 'vera');
    await vouch(s, 'anna');
    await review(s, file, 'vera', 'approve');
    const again = await review(s, file, 'vic', 'approve');
    expect(again.json.reviews).toMatchObject({ approvals: 1, verification: 'pending' });
    expect((await review(s, file, 'anna', 'approve')).json.error.code).toBe('IDENTITY_MISMATCH');
    const human = 'hf_useroneuseroneuserone';
    expect((await review(s, file, 'human-user-one', 'approve', {}, human)).status).toBe(403);
  });

  it('who is neither vouched for nor has a valid result is heard and not counted, until that changes', async () => {
    const s = await scene({ VERIFICATION_APPROVALS: '1' });
    const file = await result(s, 'anna');
    const early = await review(s, file, 'nora', 'approve');
    expect(early.json.reviews).toMatchObject({ approvals: 0, items: [{ stands: true, counts: false }] });
    const own = await result(s, 'nora', 90);
    const judged = { as: ORGANIZER, body: { state: 'valid', reason: 'looked' } };
    await s.server.call('POST', `/v1/results/${own}/verdict`, judged);
    await s.server.clock.advance(60_000);
    expect((await verdict(s, file)).verification).toBe('valid');
    expect((await s.server.call('GET', '/v1/reviewers')).json.items).toMatchObject([
      { hf_user: 'john_doe.x', why: 'contribution' },
      { hf_user: 'user-one', why: 'contribution' },
    ]);
  });

  it('a block holds a result up until its user withdraws it or an organizer resolves it', async () => {
    const s = await scene({ VERIFICATION_APPROVALS: '1' });
    const file = await result(s, 'anna');
    await vouch(s, 'vera');
    await vouch(s, 'nora');
    const block = (await review(s, file, 'nora', 'block')).json.filename;
    const held = await review(s, file, 'vera', 'approve');
    expect(held.json.reviews).toMatchObject({ approvals: 1, blocking: [block], verification: 'pending' });
    expect((await s.server.call('GET', '/v1/queue')).json.items[0].reason).toMatch(
      /review of nora has to be/,
    );
    const resolve = (as: string, handle: string, resolves = block) =>
      review(s, file, handle, 'resolve', { resolves }, as);
    expect((await resolve('hf_usertwousertwousertwo', 'human-user-two')).json.error.code).toBe(
      'NOT_ORGANIZER',
    );
    expect((await resolve(ORGANIZER, 'human-organizer', held.json.filename)).status).toBe(404);
    const settled = await resolve(ORGANIZER, 'human-organizer');
    expect(settled.json.reviews).toMatchObject({ blocking: [], verification: 'valid' });

    const other = await result(s, 'anna', 120);
    await review(s, other, 'nora', 'block');
    await review(s, other, 'vera', 'approve');
    const withdrawn = await review(s, other, 'nora', 'withdraw', { body: 'my clock was off' });
    expect(withdrawn.json.reviews.verification).toBe('valid');
  });

  it("an organizer's verdict always wins; handed back, the reviews begin anew", async () => {
    const s = await scene({ VERIFICATION_APPROVALS: '1' });
    const file = await result(s, 'anna');
    await vouch(s, 'vera');
    const judge = (state: string) =>
      s.server.call('POST', `/v1/results/${file}/verdict`, {
        as: ORGANIZER,
        body: { state, reason: 'seen' },
      });
    await judge('invalid');
    await review(s, file, 'vera', 'approve');
    await s.server.clock.advance(60_000);
    expect((await verdict(s, file)).verification).toBe('invalid');
    await judge('pending');
    await s.server.clock.advance(60_000);
    expect(await reviews(s, file)).toMatchObject({ approvals: 0, verification: 'pending' });
    expect((await review(s, file, 'vera', 'approve')).json.reviews.verification).toBe('valid');
    const late = await review(s, file, 'vera', 'block');
    expect(late.json.reviews).toMatchObject({ contested: true, verification: 'valid' });
  });

  it.each(['1', '2'])('shows who approves each other, where %s decide', async (VERIFICATION_APPROVALS) => {
    const s = await scene({ VERIFICATION_APPROVALS });
    const [a, v] = [await result(s, 'anna'), await result(s, 'vera')];
    await vouch(s, 'vera');
    await vouch(s, 'anna');
    await review(s, a, 'vera', 'approve');
    await review(s, v, 'anna', 'approve');
    expect((await reviews(s, v)).items).toMatchObject([{ counts: true, ring: ['user-two', 'user-one'] }]);
    expect((await reviews(s, a)).items).toMatchObject([{ ring: ['user-one', 'user-two'] }]);
  });

  it('vouching is for organizers, is audited, and can be taken back', async () => {
    const s = await scene();
    expect((await vouch(s, 'vera', true, 'hf_useroneuseroneuserone')).json.error.code).toBe('NOT_ORGANIZER');
    expect((await vouch(s, 'nobody')).json.error.code).toBe('NOT_REGISTERED');
    await vouch(s, 'vera');
    await vouch(s, 'human-john_doe.x');
    const { items } = (await s.server.call('GET', '/v1/reviewers')).json;
    expect(items).toEqual([
      { hf_user: 'john_doe.x', why: 'vouched', vouched_for: ['human-john_doe.x'] },
      { hf_user: 'user-two', why: 'vouched', vouched_for: ['vera'] },
    ]);
    await vouch(s, 'vera', false);
    expect((await s.server.call('GET', '/v1/reviewers')).json.items).toHaveLength(1);
    await s.server.services.audit.flush();
    const rows = [...(s.server.hub.buckets.get(PRIVATE)?.files.keys() ?? [])]
      .filter((path) => path.startsWith('audit/'))
      .flatMap((path) => (s.server.hub.textOf(PRIVATE, path) ?? '').trim().split('\n'))
      .map((line) => JSON.parse(line))
      .filter((row) => row.route === '/v1/agents/{agent_id}:vouch' && row.status_code === 201);
    expect(rows.map((row) => [row.agent_id, row.vouched_for, row.vouched])).toEqual([
      ['human-organizer', 'vera', true],
      ['human-organizer', 'human-john_doe.x', true],
      ['human-organizer', 'vera', false],
    ]);
  });

  it('a bare "looks good" is no review; a retry is one review; secrets are refused', async () => {
    const s = await scene();
    const file = await result(s, 'anna');
    expect((await review(s, file, 'vera', 'approve', { body: 'LGTM' })).json.error.code).toBe(
      'INVALID_REQUEST',
    );
    expect((await review(s, file, 'vera', 'resolve')).status).toBe(422);
    expect((await review(s, 'nope.md', 'vera', 'approve')).status).toBe(404);
    expect((await review(s, file, 'vera', 'approve', {}, s.keys.nora)).status).toBe(401);
    const leak = `${FINDINGS} hf_${'aB3'.repeat(12)}`;
    expect((await review(s, file, 'vera', 'approve', { body: leak })).json.error.code).toBe('SECRET_IN_TEXT');
    const post = (body: string) =>
      s.server.call('POST', `/v1/results/${file}/reviews`, {
        as: s.keys.vera,
        headers: { 'Idempotency-Key': 'k' },
        body: { agent_id: 'vera', decision: 'approve', body },
      });
    const [first, second] = [await post(FINDINGS), await post(FINDINGS)];
    expect(second.json.filename).toBe(first.json.filename);
    expect((await post(`${FINDINGS} more`)).json.error.code).toBe('IDEMPOTENCY_MISMATCH');
    expect((await reviews(s, file)).items).toHaveLength(1);
  });

  it('a verdict that could not be written is written later, also by the next server', async () => {
    const s = await scene({ VERIFICATION_APPROVALS: '1' });
    const file = await result(s, 'anna');
    await vouch(s, 'vera');
    s.server.hub.fault = (call, [, content]) => {
      const adds = (content as { adds?: { path: string }[] } | undefined)?.adds ?? [];
      if (call === 'write' && adds.some(({ path }) => path.startsWith('results/verdicts/')))
        throw new HubError('unavailable', 'down', { url: 'x' });
    };
    const sent = review(s, file, 'vera', 'approve');
    await s.server.clock.advance(60_000);
    const posted = await sent;
    expect(posted.status).toBe(201);
    expect(posted.json.reviews.verification).toBe('pending');
    await s.server.close();
    open.pop();
    s.server.hub.fault = () => undefined;
    const next = await startTestServer({
      clock: s.server.clock,
      hub: s.server.hub,
      env: { ...ENV, VERIFICATION_APPROVALS: '1' },
    });
    open.push(next);
    await next.clock.advance(60_000);
    const { history } = (await next.call('GET', `/v1/results/${file}/verdict`)).json;
    expect(history).toMatchObject([{ state: 'valid' }]);
  });

  it('is not served in another mode', async () => {
    const s = await scene({ VERIFICATION_MODE: 'manual' });
    const file = await result(s, 'anna');
    expect((await review(s, file, 'vera', 'approve')).status).toBe(404);
    const { endpoints } = (await s.server.call('GET', '/v1')).json;
    expect(endpoints.some(({ path }: { path: string }) => path.includes('reviews'))).toBe(false);
  });
});
