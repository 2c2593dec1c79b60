import { HubError, type HubPort, type Identity } from '@collab/hub/port.ts';
import { CollabError } from '../errors.ts';
import { requirePython } from '../eval/process.ts';
import type { Io } from '../io.ts';
import { type Inputs, isLocal, type LiveSpace, spaceOf, type World } from '../plan/model.ts';
import { answers, tokenFor } from './health.ts';
import { liveFiles } from './live-files.ts';

export interface Observer {
  hub: HubPort;
  io: Io;
  /** The organizer's. */
  token: string;
  participantToken?: string;
  spaceToken?: string;
  evaluatorToken?: string;
}

/**
 * Looks at everything the plan speaks of; writes nothing. Any call that fails makes the whole picture fail: what
 * could not be seen is never taken for absent.
 */
export async function observe(inputs: Inputs, at: Observer): Promise<World> {
  const { hub } = at;
  const { config } = inputs;
  const spaceId = spaceOf(config, inputs.state);
  const evaluatorId = inputs.evaluator ? config.hub.eval_space : '';
  const [
    known,
    spaceIdentity,
    evaluatorIdentity,
    central,
    closed,
    space,
    evaluator,
    hardware,
    spaceHardware,
    python,
  ] = await Promise.all([
    hub.whoami(),
    at.spaceToken ? ownerOf(hub, at.spaceToken) : null,
    inputs.evaluator && at.evaluatorToken ? ownerOf(hub, at.evaluatorToken) : null,
    hub.bucketInfo(config.hub.central_bucket),
    hub.bucketInfo(config.hub.private_bucket),
    spaceId ? hub.spaceInfo(spaceId) : null,
    evaluatorId ? hub.spaceInfo(evaluatorId) : null,
    hub.jobHardware(),
    spaceId ? pricesOf(hub) : null,
    isLocal(config) ? pythonHere(at.io) : null,
  ]);
  const buckets = { central, private: closed };
  const toMake = [space ? '' : spaceId, evaluator ? '' : evaluatorId];
  const identity = await withPlans(hub, known, toMake);
  const member = identity.orgs.some((org) => org.name.toLowerCase() === config.hub.org.toLowerCase());
  const [orgExists, centralFiles, privateFiles, liveSpace, liveEvaluator, seen] = await Promise.all([
    member || hub.orgExists(config.hub.org),
    central ? liveFiles('central', inputs, hub, central) : {},
    closed ? liveFiles('private', inputs, hub, closed) : {},
    space ? readSpace(space, at) : null,
    evaluator ? readSpace(evaluator, at) : null,
    closed ? probe(config.hub.private_bucket, at, identity.name) : ('unknown' as const),
  ]);
  const live = { central: centralFiles, private: privateFiles };
  return {
    identity,
    spaceIdentity,
    orgExists,
    buckets,
    live,
    space: liveSpace,
    evaluator: liveEvaluator,
    evaluatorIdentity,
    privateSeenByParticipant: seen,
    hardware,
    spaceHardware,
    python,
  };
}

/** What whoami leaves out, the organization's own page may say: asked only where a Space is to be made. */
async function withPlans(hub: HubPort, identity: Identity, toMake: string[]): Promise<Identity> {
  const namespaces = toMake.map((id) => id.split('/')[0]?.toLowerCase());
  const orgs = await Promise.all(
    identity.orgs.map(async (org) => {
      if (org.plan || !namespaces.includes(org.name.toLowerCase())) return org;
      const plan = await hub.orgPlan(org.name);
      return plan ? { ...org, plan } : org;
    }),
  );
  return { ...identity, orgs };
}

/** A token that the Hub does not know is a finding about that token, not a failure to look. */
export async function ownerOf(hub: HubPort, token: string): Promise<Identity> {
  try {
    return await hub.whoami(token);
  } catch (error) {
    if (!(error instanceof HubError && error.kind === 'unauthorized')) throw error;
    const nobody = { name: 'nobody', type: 'user', isPro: false, canPay: false, scopes: [], orgs: [] };
    return { ...nobody, tokenRole: 'revoked or mistyped' };
  }
}

async function readSpace(info: LiveSpace['info'], at: Observer): Promise<LiveSpace> {
  const { hub } = at;
  const { id } = info;
  const [files, variables, secrets, runtime, healthy] = await Promise.all([
    hub.spaceFiles(id),
    hub.spaceVariables(id),
    hub.spaceSecrets(id),
    hub.spaceRuntime(id),
    info.host ? answers(at.io.fetch, info.host, tokenFor(info, at.token)) : false,
  ]);
  return {
    info,
    files: Object.fromEntries(
      files.map(({ path, oid, sha256 }) => [path, sha256 ? `sha256:${sha256}` : oid]),
    ),
    variables: Object.fromEntries(variables.map(({ key, value }) => [key, value])),
    secrets,
    runtime,
    healthy: healthy && runtime.stage === 'RUNNING',
  };
}

/** Whether a contributor's token can tell that the bucket exists. */
export async function probe(
  id: string,
  at: Pick<Observer, 'hub' | 'participantToken'>,
  organizer: string,
): Promise<World['privateSeenByParticipant']> {
  if (!at.participantToken) return 'unknown';
  try {
    if ((await at.hub.bucketInfo(id, at.participantToken)) === null) return 'hidden';
    return (await at.hub.whoami(at.participantToken)).name === organizer ? 'own' : 'visible';
  } catch (error) {
    if (error instanceof HubError && error.kind === 'forbidden') return 'visible';
    if (error instanceof HubError && error.kind === 'unauthorized') return 'revoked';
    throw error;
  }
}

/** Runs python3: one that is there and does not start is none. */
export async function pythonHere(io: Io): Promise<NonNullable<World['python']>> {
  try {
    return { version: await requirePython(io) };
  } catch (error) {
    if (!(error instanceof CollabError)) throw error;
    return { problem: error.message, fix: error.next[0] ?? TRY_PYTHON };
  }
}

const TRY_PYTHON = { command: 'python3 --version', why: 'shows what is wrong with it' };

/** Prices are told, not needed: without them the plan says that it does not know. */
async function pricesOf(hub: HubPort): Promise<World['spaceHardware']> {
  try {
    return await hub.spaceHardware();
  } catch (error) {
    if (error instanceof HubError) return null;
    throw error;
  }
}
