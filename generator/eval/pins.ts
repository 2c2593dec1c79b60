import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HubPort } from '@collab/hub/port.ts';
import { z } from 'zod';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { writeWhole } from '../whole-file.ts';
import { imageDigest } from './image-digest.ts';

const Commit = z.string().regex(/^[0-9a-f]{40}$/);
const Pins = z.object({
  schema: z.literal(1),
  /** By the name on the Hub. `license` as the card says it. */
  models: z.record(z.string(), z.object({ revision: Commit, license: z.string().nullable() })),
  /** The container image of the jobs, by what its registry gives now for its tag. */
  image: z.object({ reference: z.string(), digest: z.string() }),
  resolved_at: z.string(),
});
export type Pins = z.infer<typeof Pins>;

const Profile = z.looseObject({
  model: z.looseObject({ id: z.string() }).optional(),
  author: z.looseObject({ id: z.string() }).optional(),
  data: z.string(),
  prepare: z.object({ flavor: z.string(), timeout_minutes: z.number() }).optional(),
});
export type Profile = z.infer<typeof Profile>;

/** Of a harness without profiles: one that needs nothing from anywhere. */
export async function readProfile(dir: string, name: string): Promise<Profile> {
  const path = join(dir, 'harness', 'profiles', `${name}.json`);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{"data": "data"}';
    throw error;
  });
  return Profile.parse(JSON.parse(text));
}

/** Models of the Hub that a profile runs; none for a model that lies in the harness. */
export const modelsOf = (profile: Profile): string[] => [
  ...new Set([profile.model?.id, profile.author?.id].filter((id) => id !== undefined)),
];

const pinFile = (dir: string) => join(dir, 'harness', 'pins.json');

/** `null` when there are none, or none that are valid: both mean that they have to be resolved. */
export async function readPins(dir: string): Promise<Pins | null> {
  const text = await readFile(pinFile(dir), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = Pins.safeParse(jsonOrNull(text));
  return parsed.success ? parsed.data : null;
}

/** Models and image that `pins` lacks. */
export function unpinned(pins: Pins | null, models: string[], image: string): string[] {
  const missing = models.filter((id) => !pins?.models[id]);
  return pins?.image.reference === image ? missing : [...missing, image];
}

/**
 * Asks the Hub for the commit of each model, and the registry for the digest of the image, and writes both into
 * harness/pins.json.
 * @throws CollabError MODEL_UNKNOWN, MODEL_GATED, IMAGE_UNRESOLVED. @throws HubError
 */
export async function resolvePins(
  at: { io: Io; hub: HubPort; dir: string },
  models: string[],
  image: string,
): Promise<Pins> {
  const found = await Promise.all(models.map(async (id) => [id, await pinOf(at.hub, id)] as const));
  const pins: Pins = {
    schema: 1,
    models: Object.fromEntries(found),
    image: { reference: image, digest: await imageDigest(at.io, image) },
    resolved_at: new Date(at.io.now()).toISOString(),
  };
  await writeWhole(pinFile(at.dir), `${JSON.stringify(pins, null, 2)}\n`);
  return pins;
}

async function pinOf(hub: HubPort, id: string): Promise<Pins['models'][string]> {
  const info = await hub.modelInfo(id, 'main');
  const next = [{ command: `${hub.endpoint}/${id}`, why: 'the page of the model' }];
  if (!info)
    throw new CollabError('MODEL_UNKNOWN', `${hub.endpoint} has no model ${id} for this token.`, { next });
  if (info.gated)
    throw new CollabError('MODEL_GATED', `${id} is gated, and jobs carry no token to fetch it with.`, {
      next,
    });
  return { revision: info.sha, license: info.license };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
