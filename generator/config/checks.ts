/** Grammar of single values. Each returns the problem in words, or undefined. */
import { HUMAN_PREFIX, isSlug } from '@collab/contract/identity.ts';
import { findCredential } from '@collab/contract/secrets.ts';
import type { FieldPath, Known } from './field.ts';

const RESERVED = new Set(['human', 'organizer', 'system', 'main-bucket', 'private']);

/** Lower-case letters, digits and single dashes, 1 to 40 characters: the grammar of an agent_id, minus `--`. */
export function SLUG(value: string): string | undefined {
  if (value !== value.toLowerCase()) return `must be lower case: "${slugify(value)}"`;
  if (!isSlug(value) || value.includes('--'))
    return 'must be 1 to 40 characters of a-z, 0-9 and single dashes, not at either end';
  if (RESERVED.has(value) || value.startsWith(HUMAN_PREFIX)) return `is reserved: "${value}"`;
  return undefined;
}

/** A short name made of any text; may be empty. */
export function slugify(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

/** A short name that is still whole words, where the text has them: `{slug}-collab` and a bucket's name are made of it. */
export function shortSlug(text: string): string {
  const slug = slugify(text);
  const cut = slug.slice(0, SHORT + 1).lastIndexOf('-');
  return slug.length <= SHORT || cut < 1 ? slug : slug.slice(0, cut);
}
const SHORT = 28;

/** Organization of a challenge on this machine: within what a namespace may be long, whatever the slug. */
export const localOrg = (slug: string): string => `${slug.slice(0, 35).replace(/-+$/, '')}-collab`;

export const METRIC_FIELD = (value: string) =>
  /^[a-z][a-z0-9_]{0,39}$/.test(value)
    ? undefined
    : 'must start with a-z and hold only a-z, 0-9 and underscores, at most 40 characters';

export const GATE_ID = (value: string) =>
  /^[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?$/.test(value)
    ? undefined
    : 'must be 1 to 40 characters of a-z, 0-9, dash and underscore';

/** Image names and file names: nothing a shell or a path could trip over. */
export const COMMAND = (value: string) =>
  /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/.test(value) && !value.includes('..')
    ? undefined
    : 'must be a plain name without spaces or ".."';

/** User or organization name as the Hub has them. */
export const namespace = (value: string) =>
  /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,40}[A-Za-z0-9])?$/.test(value) && !value.includes('--')
    ? undefined
    : 'must be a user or organization name: letters, digits and single dashes, at most 42 characters';

/** `namespace/name`; when `owner` is given the namespace must be that setting. */
export function repoId(owner?: FieldPath) {
  return (value: string, known: Known): string | undefined => {
    const [space = '', name = '', ...rest] = value.split('/');
    const wrong = rest.length > 0 || namespace(space) || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/.test(name);
    if (wrong || /--|\.\.|\.git$/.test(name)) return 'must be namespace/name';
    const wanted = owner ? (known(owner) as string) : space;
    if (wanted !== undefined && space !== wanted)
      return `must be in the namespace of ${owner}: "${wanted}/${name}"`;
    return undefined;
  };
}

export function httpUrl(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === 'https:' ? undefined : 'must be an https:// address';
}

/** What kind of secret stands in the text, never the secret itself. */
export function secretIn(text: string): string | undefined {
  return findCredential(text)?.kind;
}
