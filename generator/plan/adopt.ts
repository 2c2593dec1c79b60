import { CommandOf } from './commands.ts';
import { hubPages, type Inputs, type KnownSpace, type World } from './model.ts';
import type { Standing } from './types.ts';

/**
 * What is to become of a bucket or Space that is there, and that no apply of this directory recorded as its own. Names
 * can be guessed, and a contributor may make what it will in the organization: whoever made it keeps the right to write
 * there, and would read the Space's token or write the record. Only what nobody else can have made is taken as it is.
 * @param author user who made it; of a Space the Hub names its namespace.
 */
export function claim(id: string, author: string, inputs: Inputs, { identity }: World): Standing {
  if (inputs.state.making.includes(id))
    return { state: 'adopt', reason: 'made by an apply that was cut off' };
  const reason = `exists already, made by ${author || 'nobody the Hub names'}`;
  const me = identity.name.toLowerCase();
  const mine = [id.split('/')[0] ?? '', author].some((name) => name.toLowerCase() === me);
  if (mine) return { state: 'adopt', reason };
  if (inputs.adopt) return { state: 'adopt', reason: `${reason}; --adopt` };
  return {
    state: 'human',
    reason: `${reason}, and no apply of this directory made it`,
    human: {
      url: `${hubPages(inputs.config)}/${pathOf(id, inputs)}`,
      steps:
        'Find out whose it is: whoever made it may write there. If it is yours, allow it with --adopt; if it is not, ' +
        'have it deleted, or choose another name in challenge.yaml.',
      check: 'it is gone, or --adopt was given',
    },
    next: [CommandOf.adopt],
  };
}

const pathOf = (id: string, { config: { hub } }: Inputs): string =>
  id === hub.central_bucket || id === hub.private_bucket ? `buckets/${id}` : `spaces/${id}`;

/** Whether what is there is what was recorded: a name that was given up may be taken by anybody. */
export const isKnown = (
  known: Pick<KnownSpace, 'id' | 'createdAt'> | undefined,
  live: { id: string; createdAt?: string },
): boolean =>
  known?.id.toLowerCase() === live.id.toLowerCase() &&
  (!known.createdAt || !live.createdAt || known.createdAt === live.createdAt);

/** The Hub follows a name to where it has moved: what answers there is another one than was asked for. */
export function moved(id: string, live: { id: string }): Standing | null {
  if (live.id.toLowerCase() === id.toLowerCase()) return null;
  return { state: 'blocked', reason: `has moved to ${live.id}`, next: [CommandOf.renamed] };
}
