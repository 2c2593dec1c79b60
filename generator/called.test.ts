import { describe, expect, test } from 'vitest';
import { asCalled } from './called.ts';

const TEXT = 'next: create-collab dev my-c   (create-collab is on the PATH)';

describe('commands are printed as they can be typed', () => {
  test.each([
    ['create-collab', {}],
    ['npx create-collab', { npm_command: 'exec', npm_lifecycle_script: 'create-collab "my-c"' }],
    ['npx create-collab', { npm_command: 'exec', npm_lifecycle_script: "'create-collab'" }],
    ['create-collab', { npm_command: 'exec', npm_lifecycle_script: 'vitest "run"' }],
    ['node dist/cli.mjs', { npm_lifecycle_event: 'start', npm_package_name: 'create-collab' }],
    ['create-collab', { npm_lifecycle_event: 'start', npm_package_name: 'my-c' }],
  ])('%s: %j', (name, env) => {
    expect(asCalled(env, TEXT)).toBe(`next: ${name} dev my-c   (create-collab is on the PATH)`);
  });
});
