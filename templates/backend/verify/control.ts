import { SAMPLES } from '@collab/contract/paths.ts';
import { attemptsAt } from '../domain/quota/admit.ts';
import type { Reservation } from '../domain/quota/ledger.ts';
import type { RunEnd } from '../domain/verification/decide.ts';
import { conclude } from './conclude.ts';
import type { VerifierDeps } from './types.ts';

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
  { target }: Pick<Reservation, 'target'>,
  { stage, summary }: Pick<RunEnd, 'stage' | 'summary'>,
): Promise<void> {
  const { result = '' } = target;
  const well = stage === 'COMPLETED' && summary?.measured !== undefined && !summary.error;
  if (target.fresh) return well ? openAgain(deps, target) : undefined;
  if (deps.book.judgement(result).state !== 'pending') return;
  const deaths = attemptsAt(await deps.ledger.read(), result);
  const runs = `${deaths.length} runs of it died`;
  await conclude(deps, result, {
    state: well ? 'invalid' : 'inconclusive',
    reason: well
      ? `${runs}, and a control run of the baseline did not`
      : `${runs}, and so did a control run of the baseline: the machine or the harness may be at fault`,
    runPath: deaths.at(-1)?.target.run_path,
  });
}

/** Whose fresh runs end before they say anything, when those of others do, chooses which of them count. */
async function openAgain(deps: VerifierDeps, target: Reservation['target']): Promise<void> {
  const { result = '', run_path: runPath } = target;
  if (deps.book.judgement(result).state !== 'valid') return;
  const reason = 'its fresh runs ended and said nothing, and a control run of the baseline did not';
  await conclude(deps, result, { state: 'inconclusive', reason, runPath });
}
