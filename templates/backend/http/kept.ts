/** Answers to reads, kept while nothing changed: agents and pages that poll ask the same things again and again. */
import type { Answer } from './answer.ts';

/** Reads of the record that depend on nothing but their address. */
export const KEPT = new Set([
  'agents.list',
  'broadcasts.list',
  'digest.get',
  'inbox.list',
  'leaderboard.get',
  'messages.list',
  'results.list',
  'stats.get',
  'taskforces.list',
  'traces.list',
]);

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ANSWER_BYTES = 512 * 1024;
/** Also the age that `generated_at` may have, in ms. */
const MAX_AGE_MS = 1_000;

/** So many addresses are remembered that were asked once, and none longer than this. */
const MAX_ASKED = 2_000;
const MAX_ADDRESS = 512;

interface Kept {
  answer: Answer;
  bytes: number;
  version: string;
  until: number;
}

export class KeptAnswers {
  private readonly kept = new Map<string, Kept>();
  private readonly asked = new Set<string>();
  private held = 0;
  private readonly version: () => string;
  private readonly now: () => number;

  /** @param version changes whenever an answer could */
  constructor(version: () => string, now: () => number) {
    this.version = version;
    this.now = now;
  }

  find(address: string): Answer | null {
    const found = this.kept.get(address);
    if (!found) return null;
    if (found.version === this.version() && found.until > this.now()) return found.answer;
    this.drop(address, found);
    return null;
  }

  /** Makes the answer, and keeps it when it was asked for before, is good, and nothing changed meanwhile. */
  async make(address: string, make: () => Promise<Answer>): Promise<Answer> {
    const version = this.version();
    const again = this.isAgain(address);
    const made = await make();
    if (!again || made.status !== 200 || made.body === null || version !== this.version()) return made;
    const answer = { ...made, body: typeof made.body === 'string' ? Buffer.from(made.body) : made.body };
    const bytes = made.bytes + address.length * 2 + 1_000;
    if (bytes > MAX_ANSWER_BYTES) return made;
    const before = this.kept.get(address);
    if (before) this.drop(address, before);
    this.kept.set(address, { answer, bytes, version, until: this.now() + MAX_AGE_MS });
    this.held += bytes;
    for (const [oldest, entry] of this.kept) {
      if (this.held <= MAX_BYTES) break;
      this.drop(oldest, entry);
    }
    return answer;
  }

  /** A poll with a cursor of its own is not asked twice: keeping its answer would only fill memory. */
  private isAgain(address: string): boolean {
    if (address.length > MAX_ADDRESS) return false;
    if (this.asked.has(address)) return true;
    if (this.asked.size >= MAX_ASKED) this.asked.clear();
    this.asked.add(address);
    return false;
  }

  private drop(address: string, entry: Kept): void {
    this.kept.delete(address);
    this.held -= entry.bytes;
  }
}
