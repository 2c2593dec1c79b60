import { HubError, type HubErrorKind } from '@collab/hub/port.ts';
import type { Command } from '../command.ts';
import { Cancelled, CollabError, type NextStep } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';

const AGAIN: NextStep = {
  command: 'the same command again',
  why: 'the Hub may be back; nothing is done twice',
};

const NEW_TOKEN: NextStep = {
  command: 'https://huggingface.co/settings/tokens',
  why: 'the token at hand is revoked or mistyped: set HF_TOKEN to one that is listed there as valid',
};

/** What to do about a failure of the Hub. */
export const NEXT: Record<HubErrorKind, NextStep> = {
  unauthorized: NEW_TOKEN,
  forbidden: CommandOf.doctor,
  missing: CommandOf.plan,
  conflict: CommandOf.plan,
  payment: CommandOf.doctor,
  rate_limited: AGAIN,
  invalid: CommandOf.doctor,
  unavailable: AGAIN,
  unknown_outcome: AGAIN,
  protocol: CommandOf.doctor,
};

/** A verb whose failures at the Hub are coded errors (`HUB_UNAVAILABLE`, …) with a next step. */
export function withHub(run: Command['run']): Command['run'] {
  return async (context) => {
    try {
      return await run(context);
    } catch (error) {
      if (context.io.signal.aborted) throw new Cancelled();
      if (!(error instanceof HubError)) throw error;
      throw new CollabError(`HUB_${error.kind.toUpperCase()}`, error.message, {
        next: [NEXT[error.kind]],
        cause: error,
      });
    }
  };
}

/** For deleting: what is not there any more needs no deleting. */
export async function ignoreMissing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HubError && error.kind === 'missing')) throw error;
  }
}
