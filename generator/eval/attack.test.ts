import { describe, expect, it } from 'vitest';
import { confirmed } from './attack.ts';

describe('what a run of a cheat shows', () => {
  const runs = async (...speeds: number[]) => {
    const asked: boolean[] = [];
    const run = async (again: boolean) => speeds[asked.push(again) - 1];
    return { all: await confirmed((speed) => (speed ?? 0) < 3, run), asked };
  };

  it('stands at once when it is what the defences promise', async () => {
    expect(await runs(1.1, 9)).toEqual({ all: [1.1], asked: [false] });
  });

  it('has to happen twice when it is not: a stall in the control looks like a gain', async () => {
    expect(await runs(3.1, 0.9)).toEqual({ all: [3.1, 0.9], asked: [false, true] });
    expect(await runs(38, 41)).toEqual({ all: [38, 41], asked: [false, true] });
  });
});
