import { z } from 'zod';
import { notFound } from '../faults.ts';
import type { HubRequest } from '../http.ts';
import { canRead, requireWrite } from '../identity/permissions.ts';
import type { JobVolume } from '../store/tables.ts';

/** A bucket as a folder, of a job or a Space. */
export const VOLUME = z.object({
  type: z.string().refine((type) => type === 'bucket', {
    error: 'volumes other than buckets',
    params: { absent: true },
  }),
  source: z.string(),
  mountPath: z.string().regex(/^\/[\w./-]+$/, 'must be an absolute path'),
  readOnly: z.boolean().nullish(),
  path: z.string().nullish(),
});

/** As the Hub keeps them: the source without its kind. */
export function volumeRows(volumes: z.infer<typeof VOLUME>[] | null | undefined): JobVolume[] {
  return (volumes ?? []).map(({ type, source, mountPath, readOnly, path }) => ({
    type,
    source: source.replace(/^buckets\//, ''),
    mountPath,
    ...(readOnly != null && { readOnly }),
    ...(path && { path }),
  }));
}

/** Whoever mounts a bucket must be able to read it, and to write it unless it is mounted read-only. @throws 403, 404 */
export function requireMountable(c: HubRequest, volumes: JobVolume[]): void {
  const { db } = c.var.hub;
  for (const volume of volumes) {
    const bucket = db.get('buckets', volume.source.toLowerCase());
    // By its name: "repository not found" would be about the job or the Space.
    if (!bucket || !canRead(db, c.var.who, bucket, 'bucket'))
      throw notFound(`Bucket ${volume.source} was not found, so it cannot be mounted`);
    if (!volume.readOnly) requireWrite(db, c.var.who, bucket, 'bucket');
  }
}
