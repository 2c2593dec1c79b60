import { expect, it } from 'vitest';
import { diskFault } from './errors.ts';

const failure = (code: string, syscall: string, path?: string) =>
  Object.assign(new Error(`${code}: it says, ${syscall}`), { code, syscall, ...(path ? { path } : {}) });

it.each([
  [failure('ENOSPC', 'write', '.collab/plan-state.json'), 'DISK_FULL', 'df -h .', '.collab/plan-state.json'],
  [failure('EDQUOT', 'write'), 'DISK_FULL', 'df -h .', 'EDQUOT'],
  [failure('EACCES', 'open', '/x/.collab'), 'NOT_WRITABLE', 'ls -la . .collab', '/x/.collab'],
  [failure('EROFS', 'mkdir', '/x/.collab'), 'NOT_WRITABLE', 'ls -la . .collab', 'read-only'],
])('%s is no bug: %s', (error, code, command, said) => {
  const fault = diskFault(error);
  expect([fault?.code, fault?.next[0]?.command]).toEqual([code, command]);
  expect(fault?.message).toContain(said);
});

it.each([failure('EACCES', 'listen'), failure('ENOENT', 'open', 'x'), new Error('else')])(
  '%s is something else',
  (error) => {
    expect(diskFault(error)).toBeNull();
  },
);
