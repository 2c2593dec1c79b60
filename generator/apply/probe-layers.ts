import { HubError, type HubPort, type JobInfo } from '@collab/hub/port.ts';
import { z } from 'zod';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CommandOf } from '../plan/commands.ts';
import { bucketId, type Inputs, isLocal, type ProbeRecord } from '../plan/model.ts';
import { HARNESS_PREFIX, PROBE_PREFIX } from '../plan/places.ts';
import { PROBE_MINUTES, probeKey } from '../plan/proofs.ts';

export interface ProbeContext {
  io: Io;
  /** With a token that may start jobs of the organization. */
  hub: HubPort;
  inputs: Inputs;
  /** Of a job that an apply which was cut off has started. */
  started?: ProbeRecord;
  /** Called with the job before it is waited for. */
  save(record: ProbeRecord): Promise<void>;
}

const MAX_BYTES = 65_536;
const ENDED = new Set(['COMPLETED', 'CANCELED', 'ERROR', 'DELETED']);
/** A queue for scarce hardware may be long; the next apply takes it up again. */
const WAIT_MS = 900_000;

const Found = z.object({
  layers: z.array(z.string()),
  missing: z.record(z.string(), z.string()),
  strict: z.boolean(),
  program_ran: z.boolean(),
});

/**
 * Runs the probe job on the hardware of the challenge, once. What it found also stays in the private bucket.
 * A probe that ends without an answer is a finding; one that is still waiting is an error.
 * @throws CollabError PROBE_PENDING. @throws HubError
 */
export async function probeLayers(at: ProbeContext): Promise<ProbeRecord> {
  const { io, hub, inputs } = at;
  const folder = `${PROBE_PREFIX}/${inputs.config.hardware.flavor}-${probeKey(inputs)}`;
  const record = at.started?.error === undefined && at.started ? at.started : await launch(at, folder);
  await at.save(record);
  const job = await ended(io, hub, inputs, record.job);
  const text = await hub.readFile(bucketId(inputs.config, 'private'), `${folder}/isolation.json`, {
    maxBytes: MAX_BYTES,
  });
  const found = text && Found.safeParse(jsonOf(text)).data;
  if (!found)
    return {
      ...record,
      error: `the job ended as ${job?.stage ?? 'DELETED'}, ${job?.message ?? 'without a word'}`,
    };
  const { layers, missing, strict, program_ran: ran } = found;
  return ran
    ? { ...record, found: { layers, missing, strict } }
    : { ...record, error: 'no program could be started' };
}

async function launch({ io, hub, inputs, started }: ProbeContext, folder: string): Promise<ProbeRecord> {
  const { config } = inputs;
  const run = `probe-${probeKey(inputs)}`;
  const at = new Date(io.now()).toISOString();
  // One whose start was answered into the void may have ended by now: it is not paid for twice.
  const counts = (stage: string) => !ENDED.has(stage) || (stage === 'COMPLETED' && started === undefined);
  const going = (await hub.jobs(config.hub.org, { run })).find((job) => counts(job.stage));
  if (going) return { job: going.id, at };
  const bucket = bucketId(config, 'private');
  // A folder must hold a file before it can be mounted, and an older answer must not be taken for the new one.
  const request = new TextEncoder().encode(`${JSON.stringify({ requested_at: at, run })}\n`);
  const { failed } = await hub.write(bucket, {
    adds: [{ path: `${folder}/request.json`, content: request }],
    deletes: [`${folder}/isolation.json`],
  });
  const refused = failed.find(({ path }) => path.endsWith('request.json'));
  if (refused) throw new HubError('invalid', `${refused.path}: ${refused.error}`, { url: hub.endpoint });
  const job = await hub.runJob(config.hub.org, {
    image: config.hardware.image,
    flavor: config.hardware.flavor,
    timeoutSeconds: PROBE_MINUTES * 60,
    command: ['python3', '/harness/collab_harness/probe.py', '--state-dir', '/state'],
    labels: { task: `${config.challenge.slug}-probe`, run },
    volumes: [
      { source: bucketId(config, 'central'), path: HARNESS_PREFIX, mountPath: '/harness', readOnly: true },
      { source: bucket, path: folder, mountPath: '/state', readOnly: false },
    ],
  });
  return { job: job.id, at };
}

async function ended(io: Io, hub: HubPort, inputs: Inputs, id: string): Promise<JobInfo | null> {
  const every = isLocal(inputs.config) ? 250 : 5_000;
  const until = io.now() + WAIT_MS;
  for (;;) {
    const job = await hub.job(inputs.config.hub.org, id);
    if (job === null || ENDED.has(job.stage)) return job;
    if (io.now() >= until)
      throw new CollabError('PROBE_PENDING', `The probe job ${id} has not ended yet (${job.stage}).`, {
        next: [CommandOf.apply],
      });
    await io.sleep(every, io.signal);
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
