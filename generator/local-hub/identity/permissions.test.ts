import { expect, it } from 'vitest';
import type { OrgRow } from '../store/tables.ts';
import { memberRole } from './permissions.ts';

const org: OrgRow = {
  ...{ id: '1', name: 'acme', fullname: 'Acme', plan: null, createdAt: '2026-01-01T00:00:00Z' },
  members: { ada: 'contributor' },
};

it.each([
  ['ada', 'contributor'],
  ['bob', undefined],
  ['constructor', undefined],
  ['toString', undefined],
  ['__proto__', undefined],
])('role of %s: %s', (user, role) => expect(memberRole(org, user)).toBe(role));
