/** Texts that carry a credential are refused before anybody can read them. */
import { ApiError } from '@collab/contract/errors.ts';
import { findCredential } from '@collab/contract/secrets.ts';

/** What kind of secret stands where; `null` when none was found. */
export function findSecret(text: string): { kind: string; line: number } | null {
  const found = findCredential(text);
  return found && { kind: found.kind, line: text.slice(0, found.at).split('\n').length };
}

/** @throws ApiError SECRET_IN_TEXT, naming kind and line, never the secret. */
export function refuseSecrets(text: string, what: string): void {
  const found = findSecret(text);
  if (found)
    throw new ApiError('SECRET_IN_TEXT', `${what} holds ${found.kind} (line ${found.line})`, {
      hint: 'take it out, revoke it, and post again',
    });
}
