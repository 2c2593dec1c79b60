import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { UnderWay, type Wire } from './under-way.ts';

const MIB = 1024 * 1024;

function connection() {
  const socket = new EventEmitter();
  const wires: EventEmitter[] = [];
  const request = (): Wire => {
    const outgoing = new EventEmitter();
    wires.push(outgoing);
    return { incoming: { socket }, outgoing } as unknown as Wire;
  };
  return { socket, wires, request };
}

it('who does not read what he asked for gets no more of it; others do, and he again when it is gone', () => {
  const underWay = new UnderWay();
  const { socket, wires, request } = connection();
  const asked = Array.from({ length: 12 }, () => underWay.admit(() => '::1', 4 * MIB, request()));
  expect(asked.filter(Boolean)).toHaveLength(8);
  expect(underWay.admit(() => '::2', 4 * MIB, connection().request())).toBe(true);
  expect(underWay.admit(() => '::1', 1000, request())).toBe(true);
  wires[0]?.emit('close');
  expect(underWay.admit(() => '::1', 4 * MIB, request())).toBe(true);
  expect(underWay.admit(() => '::1', 4 * MIB, request())).toBe(false);
  socket.emit('close');
  expect(socket.listenerCount('close')).toBe(0);
  wires[0]?.emit('close');
  const again = Array.from({ length: 12 }, () => underWay.admit(() => '::1', 4 * MIB, request()));
  expect(again.filter(Boolean)).toHaveLength(8);
});

it('many who do not read leave the first answer to everybody, however large', () => {
  const underWay = new UnderWay();
  const asked = (address: string) => underWay.admit(() => address, 4 * MIB, connection().request());
  for (let i = 0; i < 16; i++) for (let n = 0; n < 8; n++) expect(asked(`10.0.0.${i}`)).toBe(true);
  expect([asked('10.0.1.1'), asked('10.0.1.1')]).toEqual([true, false]);
  expect(underWay.admit(() => '10.0.1.2', 100 * MIB, connection().request())).toBe(true);
});
