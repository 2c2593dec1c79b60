import { expect, it } from 'vitest';
import type { ProvisionPlan } from '../plan/types.ts';
import type { Operation } from './operation.ts';
import { runOperations } from './run.ts';

it('one that cannot be recorded: those beside it have ended before the run is over', async () => {
  const ended: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const operation = (id: string, run: () => Promise<void>): Operation => {
    const node = { id, kind: 'seed', title: id, dependsOn: [], state: 'create', reason: '' } as const;
    return { id, title: id, nodes: [{ ...node, dependsOn: [] }], writes: true, run };
  };
  const quick = operation('quick', async () => undefined);
  const slow = operation('slow', async () => {
    await held;
    ended.push('slow');
  });
  const nodes = [quick, slow].flatMap((one) => one.nodes);
  const ran = runOperations({ nodes } as unknown as ProvisionPlan, [quick, slow], {
    now: () => 0,
    signal: new AbortController().signal,
    progress: () => undefined,
    settled: async ({ id }) => {
      if (id !== 'quick') return;
      setImmediate(release);
      throw new Error('the disk is full');
    },
  });
  await expect(ran).rejects.toThrow('the disk is full');
  expect(ended).toEqual(['slow']);
});
