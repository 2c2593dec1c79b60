import { z } from 'zod';
import type { HubRequest } from '../http.ts';
import { requireRead, requireWrite } from '../identity/permissions.ts';
import type { JobVolume } from '../store/tables.ts';

/** A bucket as a folder, of a job or a Space. */
export const VOLUME = z.object({
  type: z.literal('bucket', 'the embedded hub mounts buckets only'),
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

/** Whoever mounts a bucket must be able to read it, and to write it unless it is mounted read-only. @throws 401, 403, 404 */
export function requireMountable(c: HubRequest, volumes: JobVolume[]): void {
  const { db } = c.var.hub;
  for (const volume of volumes) {
    const bucket = db.get('buckets', volume.source.toLowerCase());
    if (volume.readOnly) requireRead(db, c.var.who, bucket, 'bucket');
    else requireWrite(db, c.var.who, bucket, 'bucket');
  }
}
