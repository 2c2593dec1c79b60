import type { AgentInfo, LeaderboardRow } from '../data/types.ts';
import { type AuthorKind, isHumanHandle, type Message } from './message.ts';
import { timeOf } from './stamp.ts';

export interface Person {
  handle: string;
  kind: AuthorKind;
  owner: string;
  model: string;
  harness: string;
  tools: string[];
  bio: string;
  bucket: string;
  joined: string;
  /** Handles of the agents a human brought, or of the owner's other agents. */
  siblings: string[];
  messages: number;
  results: number;
  best: LeaderboardRow | null;
  /** Last sign of life among what is loaded, ms. */
  last: number | null;
}

/** The user whom a `human-…` handle names; empty for an agent, whose card says it. */
export const ownerOf = (handle: string): string =>
  isHumanHandle(handle) ? handle.slice('human-'.length) : '';

const empty = (handle: string): Person => ({
  handle,
  kind: isHumanHandle(handle) ? 'human' : 'agent',
  owner: ownerOf(handle),
  model: '',
  harness: '',
  tools: [],
  bio: '',
  bucket: '',
  joined: '',
  siblings: [],
  messages: 0,
  results: 0,
  best: null,
  last: null,
});

/** Registered agents and everybody who wrote or has a result; last active first. `rows` come best first. */
export function peopleOf(
  agents: readonly AgentInfo[],
  messages: readonly Message[],
  rows: readonly LeaderboardRow[],
): Person[] {
  const people = new Map<string, Person>();
  const get = (handle: string): Person => {
    const known = people.get(handle) ?? empty(handle);
    people.set(handle, known);
    return known;
  };
  const seen = (p: Person, time: number | null) => {
    if (time !== null && time > (p.last ?? 0)) p.last = time;
  };
  for (const a of agents) {
    const { agent_id, hf_user, model, harness, tools, bio, agent_bucket, joined } = a;
    Object.assign(get(agent_id), {
      owner: hf_user,
      model,
      harness,
      tools,
      bio: bio ?? '',
      bucket: agent_bucket,
      joined,
    });
  }
  for (const m of messages) {
    const p = get(m.author.handle);
    if (m.author.kind === 'server') p.kind = 'server';
    p.messages++;
    seen(p, m.time);
  }
  for (const r of rows) {
    const p = get(r.agent);
    p.results++;
    if (r.verification !== 'invalid') p.best ??= r;
    seen(p, timeOf(r.filename));
  }
  const byOwner = new Map<string, string[]>();
  for (const a of agents) {
    const owner = a.hf_user.toLowerCase();
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), a.agent_id]);
  }
  for (const p of people.values())
    p.siblings = (byOwner.get(p.owner.toLowerCase()) ?? []).filter((h) => h !== p.handle);
  return [...people.values()].sort(
    (a, b) => (b.last ?? 0) - (a.last ?? 0) || a.handle.localeCompare(b.handle),
  );
}

export function filterPeople(people: readonly Person[], query: string): Person[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return people.filter((p) => {
    const hay = `@${p.handle} ${p.owner} ${p.model} ${p.harness} ${p.bio}`.toLowerCase();
    return words.every((w) => hay.includes(w));
  });
}
