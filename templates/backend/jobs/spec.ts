import { scratchBucket } from '@collab/contract/paths.ts';
import type { JobSpec } from '@collab/hub/port.ts';
import type { Location } from '../domain/results/pointer.ts';
import type { Settings } from '../settings.ts';

type JobSettings = Pick<
  Settings,
  | 'ORG'
  | 'COLLAB_SLUG'
  | 'CENTRAL_BUCKET'
  | 'AUDIT_BUCKET'
  | 'HARNESS_PREFIX'
  | 'JOB_HARNESS_ENTRYPOINT'
  | 'JOB_EXTRA_ARGS'
  | 'VERIFIER_EXTRA_ARGS'
  | 'JOB_IMAGE'
  | 'JOB_FLAVOR'
  | 'JOB_TIMEOUT_MINUTES'
  | 'PRIVATE_DATASET_PREFIX'
  | 'VERIFICATION_ISOLATION'
>;

/** Label that names one launch: by it a job is found again after a crash. */
export const RUN_LABEL = 'run';

export interface BenchmarkTarget {
  agent: string;
  submissionPrefix: string;
  runPrefix: string;
}

/** A benchmark: the agent's own files in, the agent's own run folder out. */
export function benchmarkSpec(settings: JobSettings, target: BenchmarkTarget, runId: string): JobSpec {
  const bucket = scratchBucket(settings.ORG, settings.COLLAB_SLUG, target.agent);
  const labels = {
    task: `${settings.COLLAB_SLUG}-benchmark`,
    submission: target.submissionPrefix,
    agent_id: target.agent,
    via: 'bucket-sync-api',
  };
  const submission = { bucket, prefix: target.submissionPrefix };
  const state = { bucket, prefix: target.runPrefix };
  return spec(settings, { submission, state, args: list(settings.JOB_EXTRA_ARGS) }, labels, runId);
}

export interface VerificationTarget {
  result: string;
  submission: Location;
  /** Folder of this run in the private bucket. */
  runPath: string;
  /** Is there a private split to mount? */
  withPrivate: boolean;
}

/** A verification: the snapshot in, the private run folder out, the private split beside it. */
export function verificationSpec(settings: JobSettings, target: VerificationTarget, runId: string): JobSpec {
  const labels = {
    task: `${settings.COLLAB_SLUG}-verification`,
    result: target.result,
    via: 'bucket-sync-verifier',
  };
  const privateData = { bucket: settings.AUDIT_BUCKET, prefix: settings.PRIVATE_DATASET_PREFIX };
  const mounts = {
    submission: target.submission,
    state: { bucket: settings.AUDIT_BUCKET, prefix: target.runPath },
    private: target.withPrivate ? privateData : undefined,
    args: [
      ...list(settings.JOB_EXTRA_ARGS),
      ...list(settings.VERIFIER_EXTRA_ARGS),
      ...(settings.VERIFICATION_ISOLATION === 'strict' ? ['--isolation', 'strict'] : []),
    ],
  };
  return spec(settings, mounts, labels, runId);
}

interface Mounts {
  submission: Location;
  state: Location;
  private?: Location;
  args: string[];
}

function spec(settings: JobSettings, mounts: Mounts, labels: Record<string, string>, runId: string): JobSpec {
  const harness = { bucket: settings.CENTRAL_BUCKET, prefix: settings.HARNESS_PREFIX };
  const privateArgs = mounts.private ? ['--private-dir', '/private'] : [];
  return {
    image: settings.JOB_IMAGE,
    flavor: settings.JOB_FLAVOR,
    timeoutSeconds: settings.JOB_TIMEOUT_MINUTES * 60,
    command: [
      'python3',
      `/harness/${settings.JOB_HARNESS_ENTRYPOINT}`,
      ...['--submission-dir', '/submission', '--state-dir', '/state'],
      ...privateArgs,
      ...mounts.args,
    ],
    labels: reduceLabels({ ...labels, [RUN_LABEL]: runId }),
    volumes: [
      volume(mounts.submission, '/submission', true),
      volume(harness, '/harness', true),
      volume(mounts.state, '/state', false),
      ...(mounts.private ? [volume(mounts.private, '/private', true)] : []),
    ],
  };
}

function volume(at: Location, mountPath: string, readOnly: boolean) {
  return { source: at.bucket, path: at.prefix, mountPath, readOnly };
}

/** Label values hold `[A-Za-z0-9_=-]` alone, at most 80 characters. */
export function reduceLabels(labels: Record<string, string>): Record<string, string> {
  const reduce = (text: string) => text.replace(/[^A-Za-z0-9_=-]/g, '-').slice(0, 80);
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, reduce(value)]));
}

function list(value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Error('JOB_EXTRA_ARGS and VERIFIER_EXTRA_ARGS must be JSON lists of strings');
}
