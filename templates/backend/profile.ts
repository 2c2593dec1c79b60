/** The rules in which the reference and we part, one field each; CHANGELOG.md says why. Everything else is the same for both. */
import { carriesMarker } from '@collab/contract/paths.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { type Parsed, parseReference, parseSubmitted } from './codec/frontmatter.ts';
import { mentions } from './domain/mentions.ts';
import { authorHead, referenceHead } from './domain/message.ts';
import { isCompat, type Settings } from './settings.ts';

export interface Profile {
  /** Profile `compat`: agents written for the reference work unchanged. */
  compat: boolean;
  /** A file that an agent hands in. @throws ApiError INVALID_FRONTMATTER */
  parse(text: string): Parsed;
  /** What of an author's head goes into a message, and the names of what was left out. */
  head(head: Frontmatter): { kept: Frontmatter; dropped: string[] };
  /** Handles a text calls, in order. */
  mentions(markdown: string): string[];
  /** Agents outside the index that are looked for at the Hub, a minute: unknown names are anybody's to send. */
  looks: number;
  /** Inbox copies whose message is not on the board are shown: who wrote the record may have kept no board. */
  loneCopies: boolean;
  /** Does the path say that it belongs to the agent? */
  marks(path: string, agent: string): boolean;
}

const OWN: Profile = {
  compat: false,
  parse: parseSubmitted,
  head: authorHead,
  mentions,
  looks: 6,
  loneCopies: false,
  marks: carriesMarker,
};

const MENTION = /(?<![A-Za-z0-9._%+-])@([a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)/g;

const REFERENCE: Profile = {
  compat: true,
  parse: parseReference,
  head: referenceHead,
  mentions: (markdown) => [...markdown.matchAll(MENTION)].map((found) => found[1] as string),
  looks: 60,
  loneCopies: true,
  marks: (path, agent) => new RegExp(`_${agent}(?![a-z0-9-])`).test(path),
};

export const profileOf = (settings: Pick<Settings, 'WRITE_AUTH'>): Profile =>
  isCompat(settings) ? REFERENCE : OWN;
