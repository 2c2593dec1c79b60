/** Who is calling, and may they write as this agent. */
import { timingSafeEqual } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { agentPath, HANDSHAKE, scratchBucket } from '@collab/contract/paths.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { isCompat, type Settings } from '../settings.ts';
import { hubFailure } from '../store/hub-failure.ts';
import type { Store } from '../store/types.ts';
import { KEY_PREFIX, type Keys } from './keys.ts';
import type { Roles } from './roles.ts';
import type { Auth, Credential, HfUser, Writer } from './types.ts';
import { sha256 } from './whoami.ts';

export interface AuthDeps {
  hub: HubPort;
  settings: Settings;
  store: Pick<Store, 'look'>;
  keys: Keys;
  whoami(token: string, ip?: string): Promise<HfUser>;
  roles: Roles;
}

/** What a credential is refused for that does not prove its bearer. */
const UNPROVEN: string[] = ['UNAUTHORIZED', 'IDENTITY_MISMATCH'];

export function createAuth(deps: AuthDeps): Auth {
  const { settings, store } = deps;

  const user = async (credential: Credential): Promise<HfUser> => {
    const { bearer } = credential;
    if (bearer === null)
      throw new ApiError('UNAUTHORIZED', 'a Hugging Face token is needed', {
        hint: 'send Authorization: Bearer hf_…, or log in',
      });
    if (bearer.startsWith(KEY_PREFIX))
      throw new ApiError('UNAUTHORIZED', 'an agent key does not prove a Hugging Face user', {
        hint: 'send a Hugging Face token here',
      });
    const caller = await deps.whoami(bearer, credential.ip);
    credential.proven = caller.name;
    return caller;
  };

  const registered = async (agent: string) => {
    const card = await store.look(agentPath(agent));
    const hfUser = card?.frontmatter.hf_user;
    if (!card || typeof hfUser !== 'string' || hfUser === '')
      throw new ApiError('NOT_REGISTERED', `agent not registered: ${agent}`, {
        hint: 'register first via POST /v1/agents/register',
      });
    return { hfUser, card };
  };

  const writer: Auth['writer'] = async (credential, agent, options): Promise<Writer> => {
    if (settings.WRITE_AUTH !== 'open' || options?.always) return proven(credential, agent);
    const { hfUser } = await registered(agent);
    const unproven: Writer = { agent, auth: 'none', hfUser };
    if (credential.bearer === null) return unproven;
    // Where nobody is asked, a credential that proves something else is one that was not asked for.
    return proven(credential, agent).catch((error) => {
      if (error instanceof ApiError && UNPROVEN.includes(error.code)) return unproven;
      throw error;
    });
  };

  /** A key outlives its user's membership. Where the Hub names no members it stays good. */
  const refuseWhoLeft = async (hfUser: string) => {
    if (isCompat(settings)) return;
    const members = await deps.roles.memberNames();
    if (members === null || members.has(hfUser.toLowerCase())) return;
    throw new ApiError('IDENTITY_MISMATCH', `${hfUser} is no longer a member of ${settings.ORG}`);
  };

  const proven = async (credential: Credential, agent: string): Promise<Writer> => {
    const { hfUser } = await registered(agent);
    const { bearer } = credential;
    if (bearer === null)
      throw new ApiError('UNAUTHORIZED', `writing as ${agent} needs its agent key or its user's token`, {
        hint: 'send Authorization: Bearer ccak_… (POST /v1/agents/register with force makes a new key)',
      });
    if (bearer.startsWith(KEY_PREFIX)) {
      if (await deps.keys.check(agent, bearer)) {
        credential.proven = hfUser;
        await refuseWhoLeft(hfUser);
        return { agent, auth: 'key', hfUser };
      }
      throw new ApiError('UNAUTHORIZED', `this is not the key of ${agent}`, {
        hint: 'POST /v1/agents/register with force makes a new key',
      });
    }
    const caller = await user(credential);
    if (caller.name.toLowerCase() === hfUser.toLowerCase()) {
      if (!caller.isMember) await refuseWhoLeft(hfUser);
      return { agent, auth: 'hf', hfUser };
    }
    throw new ApiError('IDENTITY_MISMATCH', `${agent} belongs to another user`);
  };

  return {
    user,
    writer,
    role: deps.roles.role,
    memberNames: deps.roles.memberNames,
    async organizer(credential) {
      const caller = await user(credential);
      if ((await deps.roles.role(caller)) === 'admin') return caller;
      throw new ApiError('NOT_ORGANIZER', 'only organizers (admins of the org) may do this', {
        hint: `ask an admin of ${settings.ORG}`,
      });
    },
    evaluator({ evaluatorKey }) {
      const wanted = Buffer.from(settings.EVALUATOR_KEY_SHA256, 'hex');
      const shown = Buffer.from(sha256(evaluatorKey ?? ''), 'hex');
      if (evaluatorKey && wanted.length === shown.length && timingSafeEqual(wanted, shown)) return;
      throw new ApiError('UNAUTHORIZED', 'only the evaluator may do this', {
        hint: 'send its key in X-Evaluator-Key; create-collab apply gives it one',
      });
    },
    async handshake(agent, credential) {
      const { card, hfUser: owner } = await registered(agent);
      const isKey = credential?.bearer?.startsWith(KEY_PREFIX);
      const hfUser = credential && !isKey ? (await user(credential)).name : owner;
      const bucket = scratchBucket(settings.ORG, settings.COLLAB_SLUG, agent);
      const bytes = await deps.hub
        .readFile(bucket, HANDSHAKE, { maxBytes: 4096 })
        .catch(hubFailure('read the handshake'));
      const text = bytes === null ? null : new TextDecoder().decode(bytes).trim();
      if (text !== null && (text === hfUser || sha256(text) === card.frontmatter.handshake)) return;
      throw new ApiError('BUCKET_NOT_OWNED_BY_CALLER', `${bucket} no longer proves ${hfUser}`, {
        hint: 'register again with force',
      });
    },
  };
}
