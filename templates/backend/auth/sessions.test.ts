import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSessions } from './sessions.ts';

it('one person who logs in again and again logs nobody else out, and ends with twenty logins', () => {
  const sessions = createSessions(randomBytes, () => 0);
  const other = sessions.open({ token: 'b', user: 'user-two', until: 1 });
  const own = Array.from({ length: 5001 }, () => sessions.open({ token: 'a', user: 'user-one', until: 1 }));
  expect(sessions.find(other)?.user).toBe('user-two');
  expect(own.filter((cookie) => sessions.find(cookie))).toEqual(own.slice(-20));
});
