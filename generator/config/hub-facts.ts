/** What Hugging Face says while the questions are asked: live prices, and what the token at hand allows. Never an obstacle. */

import { PUBLIC_HUB } from '@collab/contract/settings.ts';
import { createHubClient, type HardwareOffer, type Identity } from '@collab/hub';
import type { Io } from '../io.ts';
import { savedToken } from '../saved-token.ts';
import type { Choice } from './field.ts';
import { flavorLabel } from './prices.ts';

/** Nobody waits longer than this for a better default. */
const PATIENCE_MS = 3000;

/** One attempt: a retry would keep a person waiting for a hint. */
const impatient = (io: Io) => ({ now: io.now, sleep: () => Promise.reject(new Error('one attempt')) });

const client = (io: Io, token?: string) =>
  createHubClient({
    endpoint: PUBLIC_HUB,
    fetch: io.fetch,
    timeoutMs: PATIENCE_MS,
    clock: impatient(io),
    ...(token ? { token } : {}),
  });

/** Live prices of Jobs; `null`: out of reach, and the bundled list is used. */
export async function livePrices(io: Io): Promise<HardwareOffer[] | null> {
  const offers = await client(io)
    .jobHardware()
    .catch(() => null);
  return offers && offers.length > 0 ? offers : null;
}

export const flavorChoices = (offers: HardwareOffer[]): Choice[] =>
  offers.map((offer) => ({
    value: offer.name,
    label: flavorLabel({
      ...offer,
      text: [offer.accelerator, offer.cpu, offer.ram].filter(Boolean).join(', '),
    }),
  }));

/** Whose token is at hand (HF_TOKEN, else the one of `hf auth login`); `null`: none, or it could not be asked. */
export async function whoIsAsking(io: Io): Promise<Identity | null> {
  const token = io.env.HF_TOKEN?.trim() || (await savedToken(io.env));
  if (!token) return null;
  return client(io, token)
    .whoami()
    .catch(() => null);
}

const MAY_CREATE = new Set(['admin', 'write']);

/** The organization a person most likely means: one they may create repositories in. */
export const likelyOrg = (identity: Identity): string | undefined =>
  (identity.orgs.find((org) => MAY_CREATE.has(org.role ?? '')) ?? identity.orgs[0])?.name;

/** What stands in the way with this account, and the alternative. Pure. */
export function accountNotes(identity: Identity, org: string, jobs: boolean): string[] {
  const membership = identity.orgs.find(({ name }) => name.toLowerCase() === org.toLowerCase());
  const notes: string[] = [];
  if (!membership)
    notes.push(
      `${identity.name} is no member of ${org}: create it at ${PUBLIC_HUB}/organizations/new, or ask to be added.`,
    );
  else if (membership.role && !MAY_CREATE.has(membership.role))
    notes.push(
      `${identity.name} is "${membership.role}" in ${org}; creating buckets and a Space needs write or admin.`,
    );
  if (!identity.isPro && !membership?.plan)
    notes.push(
      "A Docker Space needs PRO or a Team plan. Without one: hub.space: '' in challenge.yaml, and create-collab serve.",
    );
  if (jobs && identity.canPay === false && membership?.canPay !== true)
    notes.push(
      'Jobs need credits. Without them, turn jobs off: participants then measure on their own hardware.',
    );
  if (identity.tokenRole !== 'fineGrained')
    notes.push(`The token at hand is a "${identity.tokenRole}" token; apply wants a fine-grained one.`);
  return notes;
}
