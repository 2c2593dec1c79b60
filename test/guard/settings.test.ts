import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '@collab/contract/settings.ts';
import { expect, test } from 'vitest';
import { repository } from '../helpers/fake-io.ts';

test('every setting of the server is read by the server', () => {
  const backend = join(repository, 'templates/backend');
  const code = readdirSync(backend, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => readFileSync(join(backend, path), 'utf8'))
    .join('\n');
  const unread = SETTINGS.filter(({ env }) => !new RegExp(`\\b${env}\\b`).test(code));
  expect(unread.map(({ env }) => env)).toEqual([]);
});
