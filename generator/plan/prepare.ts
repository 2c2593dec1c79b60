import type { HardwareOffer } from '@collab/hub/port.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import type { Inputs, PrepareFacts, World } from './model.ts';
import type { PlanNode } from './types.ts';

/** Private prompts and reference outputs: made once, here or by a priced job. Nothing where nothing is to be made. */
export function prepareNodes(inputs: Inputs, world: World): PlanNode[] {
  const facts = inputs.harness?.prepare;
  if (!facts) return [];
  const node = checkNode('prepare', 'Private prompts and reference outputs');
  const loose = facts.unpinned.length > 0 ? `not pinned: ${facts.unpinned.join(', ')}` : null;
  if (facts.made && !loose) return [{ ...node, state: 'unchanged', reason: 'made, and as they were made' }];
  if (facts.models.length === 0)
    return [{ ...node, state: 'unchanged', reason: 'not made yet', next: [CommandOf.prepare], warn: true }];
  const usd = price(facts, world.hardware);
  const costs = usd === null ? 'at a price that the Hub does not name' : `$${usd.toFixed(2)} or less`;
  const job = `A job on ${facts.flavor} of at most ${facts.minutes} minutes, ${costs}`;
  return [
    {
      ...node,
      state: 'human',
      reason: loose ?? 'not made yet',
      ...(usd === null ? {} : { cost: { usd, per: 'once' as const } }),
      human: {
        url: `${inputs.config.hub.endpoint}/docs/hub/jobs-pricing`,
        steps: `${job}, serves ${facts.models.join(' and ')} once and makes them. Start it with create-collab eval prepare.`,
        check: 'private/prepared.json and harness/pins.json are there',
      },
      next: [CommandOf.prepare],
    },
  ];
}

function price({ flavor, minutes }: PrepareFacts, offers: HardwareOffer[]): number | null {
  const offer = offers.find(({ name }) => name === flavor);
  return offer ? (offer.usdPerHour * minutes) / 60 : null;
}
