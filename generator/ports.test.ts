import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { answers, choosePort, freePort, portOption } from './ports.ts';

const HOST = '127.0.0.1';

describe('--port', () => {
  it.each([
    ['0', 0],
    ['65535', 65_535],
  ])('takes %s', (text, port) => expect(portOption(text)).toBe(port));
  it.each(['', '-1', '65536', '80.5', 'http'])('refuses %j', (text) => {
    expect(() => portOption(text)).toThrow(expect.objectContaining({ code: 'BAD_FLAG' }));
  });
});

it('a port in use is refused when it was asked for, and passed over when not', async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  const { port: taken } = server.address() as { port: number };
  expect(await answers(HOST, taken)).toBe(true);
  await expect(choosePort(String(taken), 7860, HOST)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  expect(await choosePort(undefined, taken, HOST)).toBeGreaterThan(taken);
  const any = await choosePort('0', taken, HOST);
  expect([any === taken, any > 0]).toEqual([false, true]);
  expect(await freePort(HOST, taken)).not.toBe(taken);
  expect(await freePort(HOST, any)).toBe(any);
  await new Promise((closed) => server.close(closed));
});

it('a port that is chosen for later is none that the system gives to others meanwhile', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort(HOST, null)));
  expect(ports.filter((port) => port < 20_000 || port >= 32_768)).toEqual([]);
});
