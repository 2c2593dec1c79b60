import { z } from 'zod';
import { segment } from './paths.ts';
import type { HubPort } from './port.ts';
import { parseJson, type Transport } from './transport.ts';

const Model = z.looseObject({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  gated: z.union([z.boolean(), z.string()]).default(false),
  cardData: z.looseObject({ license: z.string().nullish() }).nullish(),
});

export function modelCalls(transport: Transport): Pick<HubPort, 'modelInfo'> {
  return {
    modelInfo: async (id, revision) => {
      const path = `/api/models/${id.split('/').map(segment).join('/')}/revision/${segment(revision)}`;
      const answer = await transport.sendOrNull({ method: 'GET', path, effect: 'read' });
      if (answer === null) return null;
      const { sha, gated, cardData } = parseJson(answer, Model);
      return { sha, license: cardData?.license ?? null, gated: gated !== false };
    },
  };
}
