import type { Identity } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { claim, isKnown, moved } from './adopt.ts';
import { FIRST } from './buckets.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import { fileChanges } from './file-changes.ts';
import { hubPages, type Inputs, type LiveSpace, type TargetState, type World } from './model.ts';
import { planFor } from './organization.ts';
import { covers, lacking, lacks, tokenUrl } from './tokens.ts';
import type { PlanNode } from './types.ts';

/** Secret of the evaluator's Space; the server knows its sha256 alone, as the variable below. */
export const KEY_SECRET = 'EVALUATOR_KEY';
export const KEY_VARIABLE = 'EVALUATOR_KEY_SHA256';
export const TOKEN_SECRET = 'HF_TOKEN';

export const hasEvaluator = ({ verification }: Pick<ChallengeConfig, 'verification'>): boolean =>
  verification.mode === 'eval-space';

/** An evaluator that an earlier apply made, and that is no longer planned. */
export const retired = ({ config, state }: Pick<Inputs, 'config' | 'state'>) =>
  state.evaluator && !(hasEvaluator(config) && state.evaluator.id === config.hub.eval_space)
    ? state.evaluator
    : undefined;

/** What we recorded of the Space that is there: nothing, when it is another one. */
const ours = ({ state }: Inputs, live: LiveSpace | null): TargetState['evaluator'] =>
  live && isKnown(state.evaluator, live.info) ? state.evaluator : undefined;

type Node = Omit<PlanNode, 'state' | 'reason'>;

const node = (id: string, title: string, dependsOn: string[] = []): Node => ({
  id,
  kind: 'evaluator',
  title,
  dependsOn,
});

/** The private Space that re-runs results: itself, its key at the server, its settings, its files, and whether it works. */
export function evaluatorNodes(inputs: Inputs, world: World): PlanNode[] {
  const old = retireNode(inputs);
  const { evaluator } = inputs;
  if (!evaluator) return old;
  const live = world.evaluator;
  const checks = [
    ...planFor('check:eval-plan', inputs.config.hub.eval_space, live !== null, inputs, world),
    ...(world.evaluatorIdentity ? [tokenNode(inputs, world.evaluatorIdentity)] : []),
  ];
  const source = sourceNode(evaluator.written);
  const repo = repoNode(inputs, world, [...checks, ...old]);
  const key = keyNode(inputs, world);
  const variables = variablesNode(inputs, world);
  const secret = secretNode(inputs, live);
  const files = filesNode(inputs, live);
  const changed = [repo, key, variables, secret, files].some(({ state }) => state !== 'unchanged');
  return [...old, ...checks, source, repo, key, variables, secret, files, healthNode(live, changed)];
}

function retireNode(inputs: Inputs): PlanNode[] {
  const gone = retired(inputs);
  if (!gone) return [];
  const { mode } = inputs.config.verification;
  const why = hasEvaluator(inputs.config) ? 'hub.eval_space is another one' : `verification.mode is ${mode}`;
  const base = node('eval-space-before', `Space ${gone.id} (evaluator)`, ['check:token']);
  if (gone.made) return [{ ...base, state: 'delete', reason: `${why}; what it judged stays` }];
  return [
    { ...base, state: 'update', reason: `${why}: paused, its secrets taken; it was there before apply` },
  ];
}

function sourceNode(written: boolean): PlanNode {
  const base = node('eval-source', 'Files of the evaluator in eval-space/');
  if (written) return { ...base, state: 'unchanged', reason: 'there' };
  return { ...base, state: 'create', reason: 'not in this directory yet; written from create-collab' };
}

function repoNode(inputs: Inputs, world: World, before: PlanNode[]): PlanNode {
  const { config } = inputs;
  const { evaluator: live } = world;
  const id = config.hub.eval_space;
  const awaited = before
    .filter(({ id: other }) => other !== 'check:evaluator-token')
    .map((other) => other.id);
  const base = node('eval-space', `Space ${id} (private, evaluator)`, [...FIRST, ...awaited]);
  if (!live) return { ...base, state: 'create', reason: 'does not exist' };
  const elsewhere = moved(id, live.info);
  if (elsewhere) return { ...base, ...elsewhere };
  if (!live.info.private)
    return { ...base, state: 'blocked', reason: 'exists, but is public: it would show private questions' };
  if (live.info.sdk !== 'docker')
    return { ...base, state: 'blocked', reason: `exists, but is a ${live.info.sdk || 'different'} Space` };
  const { hardware } = live.runtime;
  const known = ours(inputs, live);
  if (known && hardware && hardware !== config.hub.eval_hardware)
    return {
      ...base,
      state: 'unchanged',
      reason: `runs on ${hardware}, hub.eval_hardware is ${config.hub.eval_hardware}`,
      warn: true,
      next: [
        {
          command: `${hubPages(config)}/spaces/${id}/settings`,
          why: 'what costs by the hour, a person changes',
        },
      ],
    };
  if (known) return { ...base, state: 'unchanged', reason: 'exists' };
  return { ...base, ...claim(id, live.info.author, inputs, world) };
}

/** Made by apply itself: no person ever sees it. After the server is up, so that neither waits for the other. */
function keyNode(inputs: Inputs, { evaluator, space }: World): PlanNode {
  const base = node('eval-key', 'Key of the evaluator at the server', ['eval-space', 'space', 'health']);
  const known = ours(inputs, evaluator)?.key;
  if (!known || !evaluator?.secrets.includes(KEY_SECRET))
    return { ...base, state: 'create', reason: 'none yet' };
  if (space?.variables[KEY_VARIABLE] === known)
    return { ...base, state: 'unchanged', reason: 'both sides have it' };
  return { ...base, state: 'update', reason: 'the server knows another one, or none' };
}

/** What the evaluator's Space is told; `API_URL` once the server's Space has an address. */
export function evaluatorVariables({ evaluator }: Inputs, apiUrl: string | null): Record<string, string> {
  return { ...evaluator?.variables, ...(apiUrl ? { API_URL: apiUrl } : {}) };
}

function variablesNode(inputs: Inputs, { evaluator, space }: World): PlanNode {
  const base = node('eval-variables', 'Variables of the evaluator', ['eval-space', 'health']);
  const apiUrl = space?.info.host || null;
  const wanted = evaluatorVariables(inputs, apiUrl);
  const now = evaluator?.variables ?? {};
  const diff = Object.entries(wanted).flatMap(([key, value]) =>
    now[key] === value
      ? []
      : [...(now[key] === undefined ? [] : [`- ${key}=${now[key]}`]), `+ ${key}=${value}`],
  );
  if (apiUrl === null) diff.push('+ API_URL=(address of the server, once it has one)');
  if (diff.length === 0) return { ...base, state: 'unchanged', reason: 'as planned' };
  return { ...base, state: evaluator ? 'update' : 'create', reason: 'not as planned', diff };
}

function secretNode(inputs: Inputs, live: LiveSpace | null): PlanNode {
  const token = inputs.evaluator?.token ?? null;
  const dependsOn = ['eval-space', ...(token === null ? [] : ['check:evaluator-token'])];
  const base = node('eval-secret', `Secret ${TOKEN_SECRET} (the evaluator's own token)`, dependsOn);
  const set = live?.secrets.includes(TOKEN_SECRET) ?? false;
  if (token === null) {
    if (set) return { ...base, state: 'unchanged', reason: 'set' };
    return {
      ...base,
      state: 'human',
      reason: 'no token for the evaluator',
      human: {
        url: tokenUrl(inputs),
        steps: `Make a fine-grained token of its own: ${evaluatorTokenScope(inputs.config)}.`,
        check: `it is set as the secret ${TOKEN_SECRET} of the evaluator's Space`,
      },
      next: [CommandOf.evaluatorToken],
    };
  }
  if (!set) return { ...base, state: 'create', reason: 'not set' };
  if (ours(inputs, live)?.token === token)
    return { ...base, state: 'unchanged', reason: 'set, from the token at hand' };
  return { ...base, state: 'update', reason: 'the token at hand is another one than the one set' };
}

const READ = 'repo.content.read';

/** Strangers' programs run beside it: it reads what it has to, and changes nothing anywhere. */
const evaluatorTokenScope = ({ hub }: ChallengeConfig): string =>
  `${READ} on ${hub.central_bucket} and ${hub.private_bucket}; nothing else`;

function tokenNode(inputs: Inputs, identity: Identity): PlanNode {
  const { hub } = inputs.config;
  const check = checkNode('check:evaluator-token', `The evaluator's own token (${identity.name})`);
  const next = [{ command: tokenUrl(inputs), why: 'open it to make a fine-grained token for the evaluator' }];
  const buckets = [hub.central_bucket, hub.private_bucket];
  const broad =
    identity.tokenRole !== 'fineGrained'
      ? `a "${identity.tokenRole}" token`
      : buckets.some((id) => covers(identity, id, 'bucket', 'repo.write'))
        ? 'a token that may write'
        : null;
  if (broad && inputs.allowBroadToken)
    return { ...check, state: 'unchanged', reason: `${broad}, allowed by --allow-broad-token` };
  if (broad) {
    const reason = `it is ${broad}; strangers' programs run beside it, and it gets one that only reads`;
    return { ...check, state: 'blocked', reason, next: [...next, CommandOf.allowBroad] };
  }
  // What is public needs no permission.
  const needed = hub.private ? buckets : [hub.private_bucket];
  const missing = lacking(
    identity,
    needed.map((id) => [id, 'bucket', READ]),
  );
  if (missing.length > 0) return { ...check, ...lacks(missing, inputs, next) };
  return { ...check, state: 'unchanged', reason: 'fine-grained, and only reads' };
}

function filesNode(inputs: Inputs, live: LiveSpace | null): PlanNode {
  const files = inputs.evaluator?.files ?? [];
  const { changed, removed } = evaluatorFileChanges(inputs, live);
  const dependsOn = ['eval-source', 'eval-space', 'eval-key', 'eval-variables', 'eval-secret'];
  const base = node('eval-files', `Files of the evaluator (${files.length})`, dependsOn);
  if (changed.length + removed.length === 0)
    return { ...base, state: 'unchanged', reason: `all ${files.length} as in eval-space/` };
  const reason = `${changed.length} to upload, ${removed.length} to delete`;
  return { ...base, state: live ? 'update' : 'create', reason };
}

export const evaluatorFileChanges = ({ evaluator, state }: Inputs, live: LiveSpace | null) =>
  fileChanges(evaluator?.files ?? [], live?.files ?? {}, state.evaluator?.files ?? []);

function healthNode(live: LiveSpace | null, changed: boolean): PlanNode {
  const dependsOn = ['eval-files', 'eval-key', 'eval-variables', 'eval-secret'];
  const base = node('eval-health', 'The evaluator works', dependsOn);
  if (live?.healthy && !changed) return { ...base, state: 'unchanged', reason: 'the server lets it work' };
  if (changed) return { ...base, state: 'update', reason: 'starts anew' };
  return { ...base, state: 'update', reason: `stage ${live?.runtime.stage ?? 'unknown'}, no answer` };
}
