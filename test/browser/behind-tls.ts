/**
 * The Space as people meet it: over https under a host of its own, framed by a page of huggingface.co. TLS ends in
 * front of the server, as on the Hub.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Served, SMALL, startServed } from './served.ts';

export const SPACE = 'the-space.hf.space';
export const OUTER = 'huggingface.co';

export interface BehindTls extends Served {
  /** For Chromium: both hosts are on this machine. */
  args: string[];
  /** As a browser without partitioned cookies sees them. */
  dropPartitioned: boolean;
}

export async function startBehindTls(): Promise<BehindTls> {
  const certificate = selfSigned();
  const state = { dropPartitioned: false };
  const inner = { space: '', hub: '' };
  const login = createServer((q, r) =>
    forward(q, r, inner.hub, toInside(inner.space), toOutside(inner.space)),
  );
  const space = createTlsServer(certificate, (q, r) => forward(q, r, inner.space, (t) => t, cookies(state)));
  const outer = createTlsServer(certificate, (_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(
      `<!doctype html><title>outer</title><iframe title="space" width="1200" height="760" src="https://${SPACE}/#/board"></iframe>`,
    );
  });
  const [loginPort, spacePort, outerPort] = await Promise.all([login, space, outer].map(listen));
  const at = { host: SPACE, provider: `http://127.0.0.1:${loginPort}` };
  const served = await startServed(SMALL, [], at);
  Object.assign(inner, { space: served.url, hub: served.hubUrl });
  return Object.assign(state, {
    ...served,
    args: [
      `--host-resolver-rules=MAP ${SPACE} 127.0.0.1:${spacePort}, MAP ${OUTER} 127.0.0.1:${outerPort}`,
      '--test-third-party-cookie-phaseout',
    ],
    close: async () => {
      await served.close();
      for (const server of [login, space, outer]) {
        server.closeAllConnections();
        server.close();
      }
    },
  });
}

function selfSigned(): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'collab-tls-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const names = `subjectAltName=DNS:${SPACE},DNS:${OUTER}`;
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ].concat(['-subj', '/CN=test', '-addext', names, '-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(dir, { recursive: true });
  return made;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

type Change = (text: string) => string;

/** The hub of this machine lets people back to loopback addresses alone. */
const toInside =
  (space: string): Change =>
  (text) =>
    text.replaceAll(encodeURIComponent(`https://${SPACE}`), encodeURIComponent(space));
const toOutside =
  (space: string): Change =>
  (text) =>
    text.replace(space, `https://${SPACE}`);

const cookies =
  (state: { dropPartitioned: boolean }): Change =>
  (text) =>
    state.dropPartitioned ? text.replace(/; Partitioned/i, '') : text;

/** @param out changes Location and Set-Cookie. */
async function forward(
  q: IncomingMessage,
  r: ServerResponse,
  to: string,
  into: Change,
  out: Change,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of q) chunks.push(chunk as Buffer);
  const body = into(Buffer.concat(chunks).toString());
  const headers = { ...q.headers, 'content-length': String(Buffer.byteLength(body)) };
  const passed = request(`${to}${into(q.url ?? '/')}`, { method: q.method, headers }, (answer) => {
    const { location, 'set-cookie': set, ...rest } = answer.headers;
    r.writeHead(answer.statusCode ?? 502, {
      ...rest,
      ...(location && { location: out(location) }),
      ...(set && { 'set-cookie': set.map(out) }),
    });
    answer.pipe(r);
  });
  passed.on('error', () => r.destroy());
  passed.end(body);
}
