import { type GateOutcome, gateOutcome } from '@collab/contract/schemas.ts';
import { z } from 'zod';
import { tryJson } from '../../codec/json.ts';
import type { MeasuredRun } from './verdict.ts';

/** `/state/summary.json` of a harness run. Unknown keys are kept by the file, not by us. */
const Summary = z.looseObject({
  /** A bare number where the challenge's score field is called `score`, as in the reference. */
  score: z
    .union([
      z.number(),
      z.object({ mean: z.number(), sd: z.number().nullish(), runs: z.number().int().positive().nullish() }),
    ])
    .nullish(),
  gates: z.array(gateOutcome).nullish(),
  provenance: z
    .looseObject({ submission_sha256: z.string().nullish(), harness_sha256: z.string().nullish() })
    .nullish(),
  error: z.union([z.string(), z.looseObject({ message: z.string().optional() })]).nullish(),
});

export interface RunSummary {
  /** Absent when the run measured nothing. */
  measured?: MeasuredRun;
  gates: GateOutcome[];
  submissionSha256?: string;
  harnessSha256?: string;
  provenance: Record<string, unknown>;
  error?: string;
  /** All numbers at the top level, for the reference's guard field. */
  numbers: ReadonlyMap<string, number>;
}

/** Largest summary.json that is read, in bytes. */
export const MAX_SUMMARY_BYTES = 1024 * 1024;

/** Reads summary.json. @returns `null` when it is no summary: a fault of the run, not of the submission. */
export function readSummary(text: string, scoreField: string): RunSummary | null {
  const parsed = Summary.safeParse(tryJson(text));
  if (!parsed.success) return null;
  const { score, gates, provenance, error } = parsed.data;
  const numbers = new Map(
    Object.entries(parsed.data).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
  const detail = typeof score === 'object' && score !== null ? score : undefined;
  const mean = detail?.mean ?? numbers.get(scoreField);
  return {
    measured: mean === undefined ? undefined : { score: mean, sd: detail?.sd, passes: detail?.runs ?? 1 },
    gates: gates ?? [],
    submissionSha256: provenance?.submission_sha256 ?? undefined,
    harnessSha256: provenance?.harness_sha256 ?? undefined,
    provenance: provenance ?? {},
    error: errorText(error),
    numbers,
  };
}

function errorText(error: z.infer<typeof Summary>['error']): string | undefined {
  if (error == null || error === '') return undefined;
  const text = typeof error === 'string' ? error : (error.message ?? JSON.stringify(error));
  return text.slice(0, 2000);
}
