import type { PlanNode } from './types.ts';

/** A node that looks and never writes. How it stands is still to be said. */
export const checkNode = (id: string, title: string, dependsOn: string[] = []) => ({
  id,
  kind: 'check' as const satisfies PlanNode['kind'],
  title,
  dependsOn,
});
