import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One temporary folder for the whole run, removed with all that tests left in it, also those that were killed. */
export default function setup(): () => void {
  const root = mkdtempSync(join(tmpdir(), 'collab-tests-'));
  process.env.TMPDIR = root;
  return () => rmSync(root, { recursive: true, force: true, maxRetries: 9, retryDelay: 200 });
}
