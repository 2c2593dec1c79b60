import type { ProgressEvent } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { NextStep } from '../errors.ts';
import type { Io } from '../io.ts';
import type { ProvisionPlan } from '../plan/types.ts';

/** What became of one operation; an operation covers one plan node or a group of them (all seeds: one write). */
export interface OperationResult {
  id: string;
  title: string;
  /** `skipped`: something it depends on failed or waits for a person. */
  state: 'done' | 'failed' | 'skipped';
  ms: number;
  error?: { code: string; message: string; next: NextStep[] };
}

export interface ApplyReport {
  /** As seen before the first write. */
  plan: ProvisionPlan;
  /** `action_required`: the rest is done, a person has to do something first (`plan` says what). */
  status: 'ok' | 'action_required' | 'error';
  /** Operations that changed something on the Hub: 0 when everything was as planned. */
  writes: number;
  operations: OperationResult[];
  /** Base URL of the running server; `/v1/healthz` answered 200 there. */
  apiUrl: string | null;
  timingsMs: { apply: number; spaceReady: number };
}

export interface ApplyOptions {
  io: Io;
  /** The challenge directory, absolute. */
  dir: string;
  /** Where the Hub answers: `https://huggingface.co`, or the URL of the running embedded hub. */
  hubUrl: string;
  /** The organizer's token. */
  token: string;
  /** Becomes the Space's secret HF_TOKEN. Absent: an existing secret is kept, a missing one is a human step. */
  spaceToken?: string;
  /** Becomes the secret HF_TOKEN of the evaluator's Space, as `spaceToken` that of the Space. */
  evaluatorToken?: string;
  /** Any contributor's token: proves that the private bucket answers 404 to participants. */
  participantToken?: string;
  /** Where bucket and directory both changed a seeded file: the directory wins. */
  takeMine?: boolean;
  /** Where bucket and directory both changed a seeded file: the bucket wins. */
  takeTheirs?: boolean;
  allowBroadToken?: boolean;
  /** Take over what is there already and was made by nobody known. */
  adopt?: boolean;
  /** Deploy a harness that selftest and redteam did not pass on. Recorded. */
  skipProofs?: boolean;
  /** The priced probe job is allowed. */
  probe?: boolean;
  /** Refuse unless the plan of now is this one (`plan --out`). */
  expected?: ProvisionPlan;
  /** How long the Space may take to come up. Default 120 s on loopback, 15 min elsewhere. */
  healthTimeoutMs?: number;
  /** On the embedded hub, whatever hub.endpoint says: nothing of huggingface.co is touched. */
  rehearsal?: boolean;
  progress?: (event: ProgressEvent) => void;
}

/** User name → token, of the embedded hub. */
export type LocalTokens = Record<string, string>;

/** The embedded hub of one challenge, running as a child process. */
export interface LocalHub {
  url: string;
  pid: number;
  tokens: LocalTokens;
  /** The store was there before. */
  resumed: boolean;
  /** Resolves when the child (and the Space it runs) is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface StartHubOptions {
  io: Io;
  /** The challenge directory, absolute. */
  dir: string;
  hub: ChallengeConfig['hub'];
  host?: string;
  /** Runs what anybody submits, also where nothing separates it from this machine. */
  trustSubmissions?: boolean;
  progress?: (event: ProgressEvent) => void;
}
