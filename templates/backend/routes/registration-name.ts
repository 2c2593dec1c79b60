/** Which names there are for whom. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem, isReservedAgentId, lookOf, passesForSomebody } from '@collab/contract/identity.ts';
import { agentPath } from '@collab/contract/paths.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import type { HfUser } from '../auth/types.ts';
import type { Services } from '../services.ts';
import type { Entry } from '../store/types.ts';

/** @throws ApiError INVALID_PATH */
export function checkId(s: Services, agent: string): void {
  const problem = agentIdProblem(agent);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const own = [s.settings.CENTRAL_BUCKET, s.settings.AUDIT_BUCKET]
    .filter((b) => b.startsWith(`${s.settings.ORG}/`))
    .map((b) => b.slice(s.settings.ORG.length + 1));
  const { rules } = s.evaluation;
  // Whoever held the verifier's name could speak verdicts.
  const passing = !rules.compat && (lookOf(agent) === lookOf(rules.verifier) || passesForSomebody(agent));
  if (passing || isReservedAgentId(agent, s.settings.COLLAB_SLUG, own))
    throw new ApiError('INVALID_PATH', `agent_id is reserved: ${agent}`, { hint: 'pick another name' });
}

/** The card as it stands; refuses another user's, and without `force` the own one. */
export function refuseTaken(s: Services, agent: string, user: HfUser, force: boolean): Entry | null {
  const card = s.store.get(agentPath(agent));
  if (!card) return refuseLookAlike(s, agent, user);
  if (!isOf(card.frontmatter, user))
    throw new ApiError('IDENTITY_MISMATCH', `${agent} is registered to another hf_user`, {
      hint: 'pick a different agent_id',
    });
  if (!force)
    throw new ApiError('AGENT_ID_TAKEN', `you registered ${agent} before`, {
      hint: 'pass "force": true to replace the card and get a new key',
    });
  return card;
}

/** Of two names that look the same the second must be the same user's. */
function refuseLookAlike(s: Services, agent: string, user: HfUser): null {
  if (s.profile.compat) return null;
  const look = lookOf(agent);
  const other = s.store
    .folder('agents')
    .entries()
    .find(({ name, frontmatter }) => lookOf(name.slice(0, -3)) === look && !isOf(frontmatter, user));
  if (!other) return null;
  throw new ApiError(
    'IDENTITY_MISMATCH',
    `${agent} looks like ${other.name.slice(0, -3)}, another user's agent`,
    {
      hint: 'pick a different agent_id',
    },
  );
}

const isOf = (head: Frontmatter, user: HfUser) =>
  String(head.hf_user ?? '').toLowerCase() === user.name.toLowerCase();
