import { z } from 'zod';
import type { ChallengeConfig } from '../config/types.ts';

const GateResult = z.object({
  id: z.string(),
  value: z.number().nullable(),
  limit: z.number(),
  op: z.string(),
  pass: z.boolean(),
  n: z.number().optional(),
  se: z.number().nullish(),
  note: z.string().optional(),
});

/** summary.json as the harness writes it (design: harness contract). */
export const Summary = z.looseObject({
  schema: z.literal(1),
  score: z
    .object({ mean: z.number(), sd: z.number().nullable(), runs: z.number().int(), unit: z.string() })
    .optional(),
  gates: z.array(GateResult),
  shown: z.record(z.string(), z.unknown()),
  provenance: z.looseObject({
    submission_sha256: z.string().nullable(),
    isolation: z.looseObject({ layers: z.array(z.string()) }).nullable(),
  }),
  error: z.string().optional(),
});
export type Summary = z.infer<typeof Summary>;

/** Ids of the gates of the headline division that a run decides: those for every result, or (an exam) the others. */
export function decidingGates(config: ChallengeConfig, exam: boolean): string[] {
  const headline = config.divisions.find((division) => division.headline) ?? config.divisions[0];
  const wanted = headline ? headline.gates : config.gates.map((gate) => gate.id);
  return config.gates.filter((g) => (g.when === 'every') !== exam && wanted.includes(g.id)).map((g) => g.id);
}

/** Ids of the deciding gates that do not hold; a gate that was not measured does not hold. */
export function failedGates(config: ChallengeConfig, summary: Summary, exam: boolean): string[] {
  const held = new Set(summary.gates.filter((gate) => gate.pass).map((gate) => gate.id));
  return decidingGates(config, exam).filter((id) => !held.has(id));
}
