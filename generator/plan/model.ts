import { PUBLIC_HUB } from '@collab/contract/settings.ts';
import type { BucketInfo, HardwareOffer, Identity, SpaceInfo, SpaceRuntime } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { NextStep } from '../errors.ts';
import type { StaleText } from './texts.ts';

export const BUCKETS = ['central', 'private'] as const;
export type BucketRole = (typeof BUCKETS)[number];

/** A file of the challenge directory that belongs on the Hub. */
export interface LocalFile {
  /** On the Hub. */
  path: string;
  /** In the challenge directory. */
  source: string;
  content: Uint8Array;
  sha256: string;
}

/** Everything a plan is made from that lies on this side: configuration, files, and what earlier runs recorded. */
export interface Inputs {
  config: ChallengeConfig;
  variables: Record<string, string>;
  files: Record<BucketRole, LocalFile[]>;
  space: LocalFile[];
  /** `null`: no evaluator's Space is planned. */
  evaluator: EvaluatorInputs | null;
  /** Reasons why what lies in the directory must not be deployed. */
  problems: InputProblem[];
  state: TargetState;
  /** Of the token that should be the Space's; `null` when none is at hand. */
  spaceToken: string | null;
  /** The organizer's token and the Space's are one and the same. */
  tokensShared: boolean;
  participantTokenGiven: boolean;
  takeMine: boolean;
  takeTheirs: boolean;
  allowBroadToken: boolean;
  /** What is there already, and was made by nobody known, may be taken over. */
  adopt: boolean;
  /** The organizer's README and SETUP, where they were written for other settings. */
  texts: StaleText[];
  /** What is known of the harness; `null` when no job runs it. */
  harness: HarnessFacts | null;
  /** Deploy a harness that nothing was proven of. */
  skipProofs: boolean;
  /** The priced probe job is allowed. */
  probe: boolean;
}

/** What lies on this side of the evaluator's Space. */
export interface EvaluatorInputs {
  files: LocalFile[];
  /** They lie in the directory; else they are those of create-collab. */
  written: boolean;
  /** Without the address of the server. */
  variables: Record<string, string>;
  /** Of the token that should be the evaluator's; `null` when none is at hand. */
  token: string | null;
}

export interface HarnessFacts {
  /** sha256 of what the proofs are of: harness and samples. */
  content: string;
  proofs: { [P in 'selftest' | 'redteam']: 'passed' | 'failed' | 'stale' | 'never run' };
  /** Shipped cheats that the red team could not test where it ran. */
  untestable: string[];
  /** Shipped cheats that layers of isolation stop; one of `layers` is enough. */
  cheats: { name: string; layers: string[] }[];
  /** sha256 of the code that puts up the layers; `null` when the harness has no probe. */
  probe: string | null;
  /** Of what judging needs and participants must not have; absent where the harness makes nothing of the kind. */
  prepare?: PrepareFacts;
}

export interface PrepareFacts {
  made: boolean;
  /** The models that make it; none where this machine can. */
  models: string[];
  /** Models and the image that harness/pins.json has no commit or digest of. */
  unpinned: string[];
  flavor: string;
  minutes: number;
}

/** What a probe job found on the hardware of the jobs, or that it is under way. */
export interface ProbeRecord {
  job: string;
  /** When it was started. */
  at: string;
  found?: { layers: string[]; missing: Record<string, string>; strict: boolean };
  /** It ended and said nothing. */
  error?: string;
}

export interface InputProblem {
  /** `harness` and `space`: the Space's files wait for it. `private`: nothing does, but nothing can be verified. */
  part: 'harness' | 'space' | 'private';
  problem: string;
  command: string;
  why: string;
}

/** A Space that an apply of this directory made, or took over. */
export interface KnownSpace {
  id: string;
  /** Tells it from another one of the same name; absent where the Hub does not say. */
  createdAt?: string;
  made: boolean;
}

/** What earlier runs did at one Hub: `.collab/plan-state.json`. Never a secret. */
export interface TargetState {
  buckets: Partial<Record<BucketRole, { id: string; createdAt: string; made: boolean }>>;
  space?: KnownSpace;
  /** Variables we set, or were about to. */
  variables: string[];
  /** Secret name → fingerprint of its value. */
  secrets: Record<string, string>;
  /** `base`: sha256 of what we last wrote. `meant`: of what we were about to write. */
  files: Record<BucketRole, Record<string, { base?: string; meant?: string }>>;
  /** Hash of the store → sha256 of the content: spares reading files again. */
  hashes: Record<string, string>;
  /** Files that we put into the Space's repository. */
  spaceFiles: string[];
  /** The evaluator's Space, as we left it. `key`: sha256 of its key; `token`: fingerprint. */
  evaluator?: KnownSpace & { key?: string; token?: string; variables: string[]; files: string[] };
  /** By hardware, image and code of the layers. */
  probes: Record<string, ProbeRecord>;
  /** The last time that an unproven harness was deployed with --skip-proofs: by whom, and which one. */
  skippedProofs?: { at: string; by: string; content: string } & HarnessFacts['proofs'];
  /** Buckets and Spaces we were about to make: one of them that is there by now is ours. */
  making: string[];
}

export interface LiveFile {
  xetHash: string;
  size: number;
  sha256: string;
  /** When it had to be read. */
  content?: Uint8Array;
}

export interface LiveSpace {
  info: SpaceInfo;
  /** Path → git blob sha1, or `sha256:…` where it is in large-file storage. */
  files: Record<string, string>;
  variables: Record<string, string>;
  secrets: string[];
  runtime: SpaceRuntime;
  healthy: boolean;
}

/** What was seen on the Hub and on this machine. Reading it wrote nothing. */
export interface World {
  identity: Identity;
  /** Of the token that is to be the Space's; `null` when none is at hand. */
  spaceIdentity: Identity | null;
  /** Only looked up when the token's owner is no member. */
  orgExists: boolean;
  buckets: Record<BucketRole, BucketInfo | null>;
  live: Record<BucketRole, Record<string, LiveFile>>;
  space: LiveSpace | null;
  /** The evaluator's Space, when one is planned. */
  evaluator: LiveSpace | null;
  /** Of the token that is to be the evaluator's. */
  evaluatorIdentity: Identity | null;
  /**
   * Whether a contributor's token sees the private bucket. `unknown`: no bucket yet, or no such token at hand;
   * `revoked`: the Hub does not know the token; `own`: it is one of the organizer.
   */
  privateSeenByParticipant: 'hidden' | 'visible' | 'unknown' | 'revoked' | 'own';
  hardware: HardwareOffer[];
  /** `null`: no Space is planned, or the Hub did not say. */
  spaceHardware: HardwareOffer[] | null;
  /** Only looked at where harnesses run on this machine. */
  python: { version: string } | { problem: string; fix: NextStep } | null;
}

export const emptyState = (): TargetState => ({
  buckets: {},
  variables: [],
  secrets: {},
  files: { central: {}, private: {} },
  hashes: {},
  spaceFiles: [],
  probes: {},
  making: [],
});

export const bucketId = (config: ChallengeConfig, role: BucketRole): string =>
  role === 'central' ? config.hub.central_bucket : config.hub.private_bucket;

/** The Space to look at: the planned one; with none planned, the one an earlier apply made, for it still serves. */
export const spaceOf = (config: ChallengeConfig, state: Pick<TargetState, 'space'>): string =>
  config.hub.space || state.space?.id || '';

export const isLocal = (config: ChallengeConfig): boolean => config.hub.endpoint === 'local';

/** Where the pages of the Hub are, settings and tokens for example: those of the embedded hub are not there. */
export const hubPages = (config: ChallengeConfig): string =>
  isLocal(config) ? PUBLIC_HUB : config.hub.endpoint;

/** Where a fine-grained token is made. */
export const newTokenPage = (config: ChallengeConfig): string =>
  `${hubPages(config)}/settings/tokens/new?tokenType=fineGrained`;
