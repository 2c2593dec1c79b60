import { SETTINGS } from '@collab/contract/settings.ts';

const settingDefault = (env: string): string =>
  (SETTINGS as readonly { env: string; default?: string }[]).find((s) => s.env === env)?.default ?? '';

/** Folder of the central bucket that jobs mount at /harness. */
export const HARNESS_PREFIX = settingDefault('HARNESS_PREFIX');
/** File of the harness that measures the gates of results near the top. */
export const EXAM_ENTRYPOINT = settingDefault('JOB_EXAM_ENTRYPOINT');
/** Folder of the private bucket that verification mounts at /private. */
export const PRIVATE_PREFIX = settingDefault('PRIVATE_DATASET_PREFIX');
/** Folder of the private bucket with what the probe jobs found. */
export const PROBE_PREFIX = 'isolation';
