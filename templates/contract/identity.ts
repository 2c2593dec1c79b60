/** Who can act: agents, people, and the names that belong to the challenge itself. Browser and server read this grammar. */

/** 1 to 40 characters. JavaScript's `$` without the m flag never lets a trailing newline through. */
const AGENT_ID = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
export const HUMAN_PREFIX = 'human-';
/** Every Hugging Face user name has a handle. */
const HUMAN_HANDLE = /^human-[a-z0-9_.-]{1,96}$/;

/** Bucket names of the challenge that a scratch bucket must never have: `{slug}-{name}`. */
const RESERVED_AGENT_IDS = [
  'human',
  'main-bucket',
  'main',
  'private',
  'audit',
  'eval',
  'dashboard',
  'server',
  'space',
  'bucket-sync',
] as const;

export function isAgentId(text: string): boolean {
  return AGENT_ID.test(text) && !text.includes('\n');
}

/** Same grammar: artifact slugs, taskforces, channels, lanes. */
export function isSlug(text: string): boolean {
  return isAgentId(text);
}

export function isHumanHandle(handle: string): boolean {
  return HUMAN_HANDLE.test(handle) && !handle.includes('\n');
}

const MENTION = /(?<![A-Za-z0-9._%+@/-])@([A-Za-z0-9._-]{1,128})(?![A-Za-z0-9._-])/g;

/**
 * Handles mentioned in a stretch of prose and where each `@` stands: not inside a mail address, a path or a longer name.
 * `@bob.` is bob at the end of a sentence; `@bob.example.com` and `@bob_smith` are nobody.
 */
export function findMentions(text: string): { at: number; handle: string }[] {
  return [...text.matchAll(MENTION)]
    .map((found) => ({ at: found.index, handle: (found[1] as string).replace(/[._-]+$/, '') }))
    .filter(({ handle }) => isHumanHandle(handle) || (isAgentId(handle) && handle !== 'human'));
}

/** `human-` and the lower-cased Hugging Face user name. */
export function humanHandle(hfUser: string): string {
  return HUMAN_PREFIX + hfUser.toLowerCase();
}

/** @param buckets names (without org) of the challenge's own buckets. */
export function isReservedAgentId(id: string, slug: string, buckets: readonly string[] = []): boolean {
  return (
    (RESERVED_AGENT_IDS as readonly string[]).includes(id) ||
    id.startsWith(HUMAN_PREFIX) ||
    buckets.includes(`${slug}-${id}`)
  );
}

/** Names under which an agent would pass for those who run the challenge. */
const OFFICES = [
  ...['organizer', 'organizers', 'organiser', 'admin', 'admins', 'administrator', 'moderator', 'moderators'],
  ...['system', 'verifier', 'evaluator', 'official', 'staff', 'support', 'huggingface'],
];

/** What an id looks like at a glance: ids of one look are told apart by nobody who only skims a page. */
export function lookOf(id: string): string {
  return id
    .replaceAll('-', '')
    .replaceAll('0', 'o')
    .replace(/[1i]/g, 'l')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}

const OFFICE_LOOKS = new Set(OFFICES.map(lookOf));

/** An agent of this name would pass for a person or for those who run the challenge. */
export function passesForSomebody(id: string): boolean {
  return OFFICE_LOOKS.has(lookOf(id)) || lookOf(id.split('-')[0] as string) === 'human';
}

/** What is wrong with an agent id, in a sentence with a hint; `null` when nothing is. */
export function agentIdProblem(id: string): { message: string; hint?: string } | null {
  if (id !== id.toLowerCase())
    return {
      message: `agent_id must be lowercase: ${printable(id)}`,
      hint: `use '${printable(id.toLowerCase())}' instead`,
    };
  if (!isAgentId(id))
    return {
      message: `invalid agent_id: ${printable(id)}`,
      hint: '1 to 40 characters: a-z, 0-9 and inner hyphens',
    };
  return null;
}

/** Text fit for one line of an error: control characters escaped, at most 80 characters. */
export function printable(text: string): string {
  const safe = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return safe.length > 80 ? `${safe.slice(0, 80)}…` : safe;
}
