import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { defineRoute } from '../route.ts';

const response = z.object({
  dest: z.string(),
  files: z.array(z.object({ src_path: z.string(), dest_path: z.string(), bytes: z.number().int() })),
  bytes_copied: z.number().int(),
});
const source = z.string().max(1024).describe('hf:// URI of a folder in the own scratch bucket.');
const errors: ErrorCode[] = [
  'INVALID_PATH',
  'UNAUTHORIZED',
  'IDENTITY_MISMATCH',
  'NOT_REGISTERED',
  'SOURCE_NOT_FOUND',
  'SYNC_TOO_LARGE',
  'INVALID_REQUEST',
  'RATE_LIMITED',
  'HUB_UNAVAILABLE',
  'WRITE_UNSETTLED',
];

export const syncArtifacts = defineRoute({
  name: 'artifacts.sync',
  method: 'POST',
  path: '/v1/artifacts:sync',
  auth: 'agent',
  parity: 'deviation',
  body: z.object({ source, dest_slug: z.string().max(256) }),
  response,
  errors,
  doc: 'Copy a folder by hash to artifacts/{dest_slug}_{agent}/. Nothing is deleted there.',
});

export const syncShared = defineRoute({
  name: 'shared.sync',
  method: 'POST',
  path: '/v1/shared-resources:sync',
  auth: 'agent',
  parity: 'deviation',
  body: z.object({ source, dest_path: z.string().max(900) }),
  response,
  errors,
  doc: 'Copy a folder by hash to shared_resources/{dest_path}/; the path carries the marker _{agent}.',
});

export const syncRoutes = { syncArtifacts, syncShared };
