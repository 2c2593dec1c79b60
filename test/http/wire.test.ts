/** The real socket under requests that no client sends by mistake. */
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen, PATIENCE } from '../../templates/backend/http/listener.ts';
import { PRIVATE, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
let key: string;
const listeners: ReturnType<typeof listen>[] = [];

async function port(patience = PATIENCE): Promise<number> {
  const { app } = server;
  const address = await new Promise<AddressInfo>((go) =>
    listeners.push(listen(app.fetch, { port: 0, hostname: '127.0.0.1' }, go, patience)),
  );
  return address.port;
}

let usual: number;
beforeAll(async () => {
  const peer = (env: unknown) =>
    (env as { incoming?: { socket: { remoteAddress?: string } } } | undefined)?.incoming?.socket
      .remoteAddress;
  server = await startTestServer({ env: { TRUSTED_PROXY_HOPS: '1' }, deps: { peer } });
  key = await server.join('bob');
  usual = await port();
});
afterAll(async () => {
  for (const listener of listeners) listener.close();
  await server.close();
});

/** Sends bytes as they are and reads until the other side ends, or has said all of `until`. */
function send(
  bytes: string | Buffer,
  { at = usual, until }: { at?: number; until?: string } = {},
): Promise<string> {
  return new Promise((done, failed) => {
    let said = '';
    const socket = connect(at, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => {
      said += part;
      if (until && said.includes(until)) socket.destroy();
    });
    socket.on('error', failed);
    socket.on('close', () => done(said));
  });
}

const BODY = '{"agent_id":"bob","body":"hello"}';
const post = (...headers: string[]) =>
  [
    'POST /v1/messages HTTP/1.1',
    'Host: a',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    ...headers,
    '',
    '',
  ].join('\r\n');
const READ = 'GET /v1/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const statuses = (said: string) => [...said.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => found[1]);
const posted = async () => (await server.call('GET', '/v1/messages')).json.count as number;

describe('one request that could be read as two', () => {
  const chunk = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  it.each([
    ['two lengths', (b: string) => [post('Content-Length: 5', `Content-Length: ${b.length}`), b]],
    ['a length and chunks', () => [post('Content-Length: 5', 'Transfer-Encoding: chunked'), chunk]],
    ['a length with a sign', (b: string) => [post(`Content-Length: +${b.length}`), b]],
    ['a name with a space', (b: string) => [post(`Content-Length : ${b.length}`), b]],
    ['a coding nobody knows', () => [post('Transfer-Encoding: xchunked'), chunk]],
    ['a chunk without end', () => [post('Transfer-Encoding: chunked'), `FFFFFFFFFFFFFFFFF\r\n${chunk}`]],
    ['a folded header', (b: string) => [post('X: a\r\n b', `Content-Length: ${b.length}`), b]],
  ])('is refused and ends the connection: %s', async (_name, make) => {
    const before = await posted();
    const said = await send(`${make(BODY).join('')}${READ}`);
    expect(statuses(said)).toEqual(['400']);
    expect(await posted()).toBe(before);
  });

  it('what follows a body that is too large is not taken for a request', async () => {
    const said = await send(`${post('Content-Length: 3000000')}${READ}`);
    expect(statuses(said)).toEqual(['413']);
  });
});

it('what a trailer says is nobody’s credential', async () => {
  const head = post('Transfer-Encoding: chunked', 'Trailer: Authorization', 'Connection: close').replace(
    /Authorization: .*\r\n/,
    '',
  );
  const said = await send(
    `${head}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\nAuthorization: Bearer ${key}\r\n\r\n`,
  );
  expect(statuses(said)).toEqual(['401']);
});

it('a compressed body is not unpacked', async () => {
  const packed = gzipSync(Buffer.from(BODY));
  const head = post('Content-Encoding: gzip', `Content-Length: ${packed.length}`, 'Connection: close');
  const said = await send(Buffer.concat([Buffer.from(head), packed]));
  expect(statuses(said)).toEqual(['422']);
});

it('requests sent at once are answered in their order', async () => {
  const said = await send(`${post(`Content-Length: ${BODY.length}`)}${BODY}${READ}`);
  expect(statuses(said)).toEqual(['201', '200']);
});

it('headers without number do not hide the one that the proxy adds last', async () => {
  const noise = Array<string>(2_500).fill('a:').join('\r\n');
  const body = BODY.replace('bob', 'eve');
  const head = post('X-Forwarded-For: 6.6.6.6', noise, `Content-Length: ${body.length}`, 'Connection: close');
  await send(`${head.slice(0, -2)}X-Forwarded-For: 10.9.8.7\r\n\r\n${body}`);
  await server.services.audit.flush();
  const rows = [...(server.hub.buckets.get(PRIVATE)?.files ?? [])]
    .filter(([path]) => path.startsWith('audit/'))
    .flatMap(([, { bytes }]) => new TextDecoder().decode(bytes).trim().split('\n'))
    .map((row) => JSON.parse(row))
    .filter(({ agent_id }) => agent_id === 'eve');
  expect(rows.map(({ caller_ip }) => caller_ip)).toEqual(['10.9.8.7']);
});

it.each([
  ['a head', 'GET /v1/healthz HTTP/1.1\r\nHost: a\r\nX: '],
  ['a body', () => `${post('Content-Length: 100')}{`],
  ['nothing', ''],
])('who sends half of %s is not waited for', async (_name, half) => {
  expect(PATIENCE.requestTimeout).toBeLessThanOrEqual(60_000);
  const at = await port({ headersTimeout: 40, requestTimeout: 80, connectionsCheckingInterval: 10 });
  expect(statuses(await send(typeof half === 'string' ? half : half(), { at }))).toEqual(['408']);
});
