import { SAMPLES } from '@collab/contract/paths.ts';
import { attemptsAt } from '../domain/quota/admit.ts';
import type { RunEnd } from '../domain/verification/decide.ts';
import { conclude } from './conclude.ts';
import type { VerifierDeps } from './verifier.ts';

/** The sample that `apply` uploads: what everybody may run, and what every machine must be able to run. */
export const BASELINE = `${SAMPLES}/baseline`;

export const isControl = (target: Record<string, string>): boolean => target.control === 'true';

export async function hasBaseline({ hub, settings }: VerifierDeps): Promise<boolean> {
  const files = await hub.listFiles(settings.CENTRAL_BUCKET, `${BASELINE}/`);
  return (files ?? []).length > 0;
}

/**
 * What the control run says of a submission all of whose runs died: if the baseline ended well on the same hardware, with
 * the same harness, the deaths count against the submission; if it died too, nobody is blamed. What the baseline
 * measured is nobody's score.
 */
export async function concludeControl(
  deps: VerifierDeps,
  result: string,
  { stage, summary }: Pick<RunEnd, 'stage' | 'summary'>,
): Promise<void> {
  if (deps.book.judgement(result).state !== 'pending') return;
  const deaths = attemptsAt(await deps.ledger.read(), result);
  const well = stage === 'COMPLETED' && summary?.measured !== undefined && !summary.error;
  const runs = `${deaths.length} runs of it died`;
  await conclude(deps, result, {
    state: well ? 'invalid' : 'inconclusive',
    reason: well
      ? `${runs}, and a control run of the baseline did not`
      : `${runs}, and so did a control run of the baseline: the machine or the harness may be at fault`,
    runPath: deaths.at(-1)?.target.run_path,
  });
}
