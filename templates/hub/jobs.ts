import { z } from 'zod';
import { allPages } from './pages.ts';
import { segment } from './paths.ts';
import { type HardwareOffer, HubError, type HubPort, type JobInfo, type JobSpec } from './port.ts';
import { readLogs } from './sse.ts';
import { parseJson, type Transport } from './transport.ts';

const Job = z.looseObject({
  id: z.string(),
  createdAt: z.string().default(''),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
  flavor: z.string().default(''),
  labels: z.record(z.string(), z.string()).nullish(),
  owner: z.looseObject({ name: z.string() }).optional(),
  status: z.looseObject({ stage: z.string(), message: z.string().nullish() }),
});
const Jobs = z.array(Job);
const Hardware = z.array(
  z.looseObject({
    name: z.string(),
    prettyName: z.string().optional(),
    cpu: z.unknown().optional(),
    ram: z.unknown().optional(),
    accelerator: z.unknown().optional(),
    unitCostUSD: z.number().optional(),
    unitLabel: z.string().default('hour'),
  }),
);
const LOG_WAIT_MS = 5_000;

type JobPort = Pick<
  HubPort,
  'runJob' | 'job' | 'jobs' | 'jobLogs' | 'cancelJob' | 'jobHardware' | 'spaceHardware'
>;

export function jobCalls(transport: Transport): JobPort {
  const api = (namespace: string, id?: string) =>
    `/api/jobs/${segment(namespace)}${id === undefined ? '' : `/${segment(id)}`}`;
  const url = (namespace: string, id: string) => `${transport.endpoint}/jobs/${namespace}/${id}`;
  const infoOf = (namespace: string, raw: z.infer<typeof Job>) => jobOf(raw, url(namespace, raw.id));

  return {
    runJob: async (namespace, spec) => {
      const answer = await transport.send({
        method: 'POST',
        path: api(namespace),
        effect: 'write',
        json: wireSpec(spec),
      });
      return infoOf(namespace, parseJson(answer, Job));
    },
    job: async (namespace, id) => {
      const path = api(namespace, id);
      const answer = await transport.sendOrNull({ method: 'GET', path, effect: 'read', plain404: true });
      return answer && infoOf(namespace, parseJson(answer, Job));
    },
    jobs: async (namespace, labels = {}) => {
      const query = Object.entries(labels).map(([key, value]) => `label=${segment(`${key}=${value}`)}`);
      const path = `${api(namespace)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
      const found = await allPages(transport, { method: 'GET', path, effect: 'read' }, Jobs);
      if (found !== null) return found.map((raw) => infoOf(namespace, raw));
      throw new HubError('missing', `no namespace "${namespace}"`, { url: `${transport.endpoint}${path}` });
    },
    jobLogs: (namespace, id, tail) =>
      readLogs(transport, `${api(namespace, id)}/logs`, { tail, idleMs: LOG_WAIT_MS }),
    cancelJob: async (namespace, id) => {
      await transport.send({ method: 'POST', path: `${api(namespace, id)}/cancel`, effect: 'upsert' });
    },
    jobHardware: () => offers(transport, '/api/jobs/hardware'),
    spaceHardware: () => offers(transport, '/api/spaces/hardware'),
  };
}

/** What names no price is left out: it must not pass for free. */
async function offers(transport: Transport, path: string): Promise<HardwareOffer[]> {
  const answer = await transport.send({ method: 'GET', path, effect: 'read' });
  return parseJson(answer, Hardware).flatMap(({ unitCostUSD, ...raw }) =>
    unitCostUSD === undefined
      ? []
      : {
          name: raw.name,
          prettyName: raw.prettyName ?? raw.name,
          ...(typeof raw.cpu === 'string' ? { cpu: raw.cpu } : {}),
          ...(typeof raw.ram === 'string' ? { ram: raw.ram } : {}),
          accelerator: acceleratorName(raw.accelerator),
          usdPerHour: raw.unitLabel.startsWith('min') ? unitCostUSD * 60 : unitCostUSD,
        },
  );
}

function acceleratorName(raw: unknown): string | null {
  if (typeof raw === 'string') return raw;
  if (raw === null || typeof raw !== 'object') return null;
  const { quantity, model, type } = raw as Record<string, unknown>;
  return [quantity, model ?? type].filter((part) => part !== undefined).join(' x ') || null;
}

function wireSpec(spec: JobSpec) {
  return {
    dockerImage: spec.image,
    command: spec.command,
    arguments: [],
    flavor: spec.flavor,
    timeoutSeconds: spec.timeoutSeconds,
    environment: spec.environment ?? {},
    ...(spec.secrets ? { secrets: spec.secrets } : {}),
    ...(spec.labels ? { labels: spec.labels } : {}),
    ...(spec.volumes ? { volumes: spec.volumes.map((volume) => ({ type: 'bucket', ...volume })) } : {}),
  };
}

function jobOf(raw: z.infer<typeof Job>, url: string): JobInfo {
  return {
    id: raw.id,
    stage: raw.status.stage,
    ...(raw.status.message ? { message: raw.status.message } : {}),
    createdAt: raw.createdAt,
    ...(raw.startedAt ? { startedAt: raw.startedAt } : {}),
    ...(raw.finishedAt ? { finishedAt: raw.finishedAt } : {}),
    flavor: raw.flavor,
    labels: raw.labels ?? {},
    url,
  };
}
