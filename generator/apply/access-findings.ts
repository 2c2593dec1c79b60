import { HubError, type HubPort } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { NextStep } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import type { World } from '../plan/model.ts';
import type { Finding } from './finding.ts';
import { ownerOf } from './observe.ts';

/** What is looked at for people and tokens other than the organizer's own. */
export interface AccessQuestion {
  hub: HubPort;
  config: ChallengeConfig;
  world: World;
  spaceToken?: string;
  participantToken?: string;
}

/** Who may do what: members' roles, a participant's role and view, the server's view of its buckets. */
export async function accessFindings(ask: AccessQuestion): Promise<Finding[]> {
  const groups = await Promise.all([
    orUnknown('roles', `Members of ${ask.config.hub.org}`, () => roleFindings(ask)),
    orUnknown('participant', 'Participant', () => participantFindings(ask)),
    orUnknown('server-access', "The server's token", () => serverFindings(ask)),
  ]);
  return groups.flat();
}

/** What could not be found out is said to be that; the other questions are asked all the same. */
async function orUnknown(id: string, what: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return [{ id, state: 'unknown', text: `${what}: could not be read; ${error.message}` }];
  }
}

const membersPage = (org: string): string => `https://huggingface.co/organizations/${org}/settings/members`;
const NAMED = 5;

/** A member with `write` could change what others posted; one with `read` cannot make a bucket, and so not register. */
async function roleFindings({ hub, config, world }: AccessQuestion): Promise<Finding[]> {
  const { org } = config.hub;
  const members = [...(await hub.orgMembers(org))].filter(
    ([name]) => name !== world.identity.name.toLowerCase(),
  );
  if (members.length === 0)
    return [{ id: 'roles', state: 'ok', text: `Members of ${org}: nobody but you so far` }];
  const having = (...roles: string[]) =>
    members.filter(([, role]) => roles.includes(role)).map(([name]) => name);
  const hidden = having('');
  if (hidden.length > 0)
    return [
      {
        id: 'roles',
        state: 'unknown',
        text: `Members of ${org}: ${hidden.length} roles are not shown to this token`,
      },
    ];
  const count = `${members.length} besides you, ${having('contributor').length} of them contributors`;
  const [strong, weak] = [having('write'), having('read', 'no_access')];
  const faults = [
    ...(strong.length > 0 ? [`${some(strong)} with write, who could change every bucket in it`] : []),
    ...(weak.length > 0 ? [`${some(weak)} without the right to make a bucket, who cannot take part`] : []),
  ];
  const text = `Members of ${org}: ${[count, ...faults].join('; ')}`;
  if (faults.length === 0) return [{ id: 'roles', state: 'ok', text }];
  const fix = {
    command: membersPage(org),
    why: 'participants need the role contributor, and the invite link too',
  };
  return [{ id: 'roles', state: 'warning', text, fix }];
}

const some = (names: string[]): string =>
  names.length > NAMED
    ? `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
    : names.join(', ');

/** With the token of a participant at hand: is it what the invite link is to give, and does it see what it has to? */
async function participantFindings(ask: AccessQuestion): Promise<Finding[]> {
  const { hub, config, world, participantToken } = ask;
  if (!participantToken) return [];
  const { org, central_bucket } = config.hub;
  const who = await ownerOf(hub, participantToken);
  // Said by check:private-bucket already.
  if (who.name === world.identity.name || who.tokenRole === REVOKED) return [];
  const role = who.orgs.find(({ name }) => name.toLowerCase() === org.toLowerCase())?.role;
  const page: NextStep = { command: membersPage(org), why: 'give participants the role contributor' };
  const about = `Participant ${who.name}`;
  if (role === undefined)
    return [{ id: 'participant', state: 'wrong', text: `${about}: no member of ${org}`, fix: page }];
  const sees =
    world.buckets.central === null || (await hub.bucketInfo(central_bucket, participantToken)) !== null;
  return [
    role === 'contributor'
      ? { id: 'participant', state: 'ok', text: `${about}: contributor of ${org}` }
      : {
          id: 'participant',
          state: 'wrong',
          text: `${about}: has the role ${role} in ${org}, not contributor`,
          fix: page,
        },
    ...(sees ? [] : [unseen('participant-bucket', about, central_bucket)]),
  ];
}

const REVOKED = 'revoked or mistyped';

/** A token that may write a bucket on paper may still be one of another account. */
async function serverFindings({ hub, config, world, spaceToken }: AccessQuestion): Promise<Finding[]> {
  if (!spaceToken || world.spaceIdentity?.tokenRole === REVOKED) return [];
  const made = (['central', 'private'] as const).filter((role) => world.buckets[role] !== null);
  const ids = made.map((role) =>
    role === 'central' ? config.hub.central_bucket : config.hub.private_bucket,
  );
  const seen = await Promise.all(ids.map((id) => hub.bucketInfo(id, spaceToken)));
  const blind = ids.filter((_, at) => seen[at] === null);
  if (ids.length === 0) return [];
  if (blind.length > 0) return blind.map((id) => unseen('server-access', "The server's token", id));
  return [{ id: 'server-access', state: 'ok', text: `The server's token sees ${ids.join(' and ')}` }];
}

const unseen = (id: string, who: string, bucket: string): Finding => ({
  id,
  state: 'wrong',
  text: `${who}: gets 404 on ${bucket}`,
  fix: CommandOf.plan,
});
