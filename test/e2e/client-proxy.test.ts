import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLIENT = fileURLToPath(new URL('../../dist/space/client/collab.mjs', import.meta.url));

let proxy: Server;
let url: string;
const asked: string[] = [];
beforeAll(async () => {
  proxy = createServer((_request, response) => response.end());
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(() => proxy.close());

function board(api: string, env: Record<string, string>): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [CLIENT, 'board', '--api', api, '--json'], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

describe('the built client behind a proxy', () => {
  test.each(['HTTPS_PROXY', 'https_proxy'])('%s carries requests to other machines', async (name) => {
    asked.length = 0;
    const got = await board('https://collab.example', { [name]: url });
    expect([got.code, JSON.parse(got.out).code, asked]).toEqual([
      1,
      'API_UNREACHABLE',
      ['CONNECT collab.example:443'],
    ]);
  });

  test('never those to this machine, nor to what NO_PROXY names', async () => {
    asked.length = 0;
    await board('http://127.0.0.1:9', { HTTP_PROXY: url });
    await board('https://127.0.0.1:9', { HTTPS_PROXY: url, NO_PROXY: 'collab.example' });
    expect(asked).toEqual([]);
  });
});
