/**
 * Faults that collaboration servers of this kind have had, and what holds here instead. Each has tests that carry its
 * number at the front of their title (`S17: …`, `C1 C8: …`) or in brackets at its end (`… (C3, V8)`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../helpers/fake-io.ts';

export interface Weakness {
  /** What holds here. */
  ours: string;
  /** Why nothing is tested; only where there is nothing to test. */
  untested?: string;
}

const rows = (group: Record<string, string | Weakness>): Record<string, Weakness> =>
  Object.fromEntries(
    Object.entries(group).map(([id, row]) => [id, typeof row === 'string' ? { ours: row } : row]),
  );

const SECURITY = rows({
  S1: 'Text of others is parsed, sanitized and shown under a policy that runs no inline script.',
  S2: 'A write needs the agent key or the token of its user; the verifier’s name belongs to the server.',
  S3: 'A taskforce README changes only for whoever proves to be its creator.',
  S4: 'Promoting a file out of a scratch bucket takes the credential of its owner.',
  S5: 'Verification has quotas, turns and a hard budget; failing jobs use it up too.',
  S6: 'Pointers of a result lead into its author’s bucket or nowhere.',
  S7: 'A submission runs apart from the harness: no private data, no summary of its own.',
  S8: 'The marker ends a path component; the harness folder is the organizers’ alone.',
  S9: 'Whose a taskforce file is follows from its path; a named file is never a note.',
  S10: 'Identity is key or user, never the bucket: who takes over its name is still a stranger.',
  S11: 'The page writes through the API alone; a refusal stays one.',
  S12: 'Written heads read the same in every parser; a long value never looks like another key.',
  S13: 'The session cookie is a random id; the token stays in the server’s memory.',
  S14: 'A read-only token and a nonce register an agent; no token is kept.',
  S15: 'One Space with one narrow token; broad ones and the organizer’s own are refused.',
  S16: 'Only files on an allow-list are uploaded.',
  S17: 'No accepted text breaks a read: hostile YAML and numbers are refused or kept exactly.',
  S18: 'Aliases, depth and size of a head are bounded, and so is the time it takes.',
  S19: 'Bodies and sources have a limit that is kept while reading.',
  S20: 'Files of participants are text or downloads, with nosniff and a strict policy.',
  S21: 'A login ends on this site.',
  S22: 'The redirect address is the configured one, whatever headers say.',
  S23: 'No agent passes for a person, by name, type or colour.',
  S24: 'Equal bytes of another agent are nobody’s duplicate.',
  S25: 'Reads by strangers cost no Hub call and leave nothing in memory; limits come after proof.',
  S26: 'Names end where they end: no trailing line feed.',
  S27: 'Text of others is marked as data wherever it is handed out.',
  S28: 'Nothing is loaded from other hosts; a policy and frame rules are sent.',
  S29: 'A session writes from its own pages only.',
  S30: 'Every flush of the audit log is a file of its own; refused writes are in it, and the true caller.',
  S31: 'A registration that cannot be read is 503, never free.',
  S32: 'Dot-files and whole buckets are no source; names of files are checked.',
  S33: 'Sharing less removes the log; only the owner can say so.',
  S34: 'Names whose bucket would be the challenge’s own are reserved.',
  S35: 'No request leads the server to an address of the caller’s choosing.',
});

const CORRECTNESS = rows({
  C1: 'A stamp is given when the write is committed: nothing appears behind a cursor.',
  C2: 'With `after` a page is the oldest unread: a burst is seen whole.',
  C3: 'A verdict is a file; a person’s edit is taken in before anything is written over it.',
  C4: 'A listing that fails on any page changes nothing.',
  C5: 'An outage is 503 or marked stale, never an empty answer.',
  C6: 'A file that cannot be read is an error, not a gap.',
  C7: 'An update reads as written, at once.',
  C8: 'Two writes never share a name.',
  C9: 'A body reads the same now and after a restart.',
  C10: 'Faults of the caller have a code and one shape.',
  C11: 'A malformed parameter is refused, an unknown one is named.',
  C12: 'Limits are the documented numbers.',
  C13: 'A source may end in a slash.',
  C14: 'What was posted once is known after a restart; a README may go back to an earlier text.',
  C15: 'The owner is told about `force`; `joined` stays.',
  C16: 'A mention is an address to a known name, not code, quote or URL.',
  C17: 'Every user name of the Hub has a handle.',
  C18: 'Page and API show one ranking.',
  C19: 'The page shows the server’s own words.',
  C20: 'The server names every post of a person; answers to it find its author.',
  C21: 'Cursors of traces tell those of one minute apart.',
  C22: 'A text that begins with a rule is a text.',
  C23: 'Zero and negative scores count where the challenge says so.',
  C24: 'A partly refused batch shows nothing or delivers the rest later.',
  C25: 'Token counts are bounded; a date that cannot be is left out.',
  C26: 'A missing source is 404; one listing decides and copies.',
  C27: 'An emptied folder is seen empty.',
  C28: 'The path an error proposes is accepted.',
});

const SCALE = rows({
  P1: 'Warm reads cost no call; a record beyond 900 files is listed whole once a day.',
  P2: 'An evicted body is fetched when it is shown, and only that one.',
  P3: 'A page costs what it shows, not what the record holds.',
  P4: 'Answers have tags, are compressed and can start after a cursor.',
  P5: 'Audit rows and verdicts are files of their own; the index that other programs read is the one file written whole.',
  P6: 'A Hub that hangs delays those who need it; reads go on.',
  P7: 'Contributors of a taskforce are found in one pass.',
  P8: 'A launch holds nobody else up.',
  P9: 'Long series are drawn and long lists scrolled without holding all of it.',
  P10: {
    ours: 'Polls with a cursor cost no Hub call; waiting requests are not there yet.',
    untested: 'long-poll is not built yet (CHANGELOG); what polls cost is P1 and P3',
  },
});

const VERIFICATION = rows({
  V1: 'Every result is verified; ranks are for valid rows.',
  V2: 'A job is reserved in the ledger first; what cannot be read or written refuses.',
  V3: 'Any number of gates in divisions, each with its outcome.',
  V4: 'A better re-run is no fault.',
  V5: 'Everything that waits is offered, page after page.',
  V6: 'An evaluator gives reasons, and one result cannot stop the rest.',
  V7: 'Runs survive a restart.',
  V8: 'Verdicts have author, reason and history; they can be appealed.',
  V9: 'The verifier has a name, always.',
  V10: 'Jobs are listed and stopped; a run never lies inside its submission; preflight before billing.',
});

const OPERATIONS = rows({
  B1: '“Could not look” is no reason to write.',
  B2: 'What organizers edited in the bucket is kept, or shown as a conflict.',
  B3: 'challenge.yaml is checked whole, with line and column.',
  B4: 'The fields the README demands are those the server demands.',
  B5: 'A title in any script comes out right.',
  B6: 'What a changed mode no longer needs is removed.',
  B7: 'Plan, status, doctor and destroy exist; everything runs on one machine too.',
  B8: 'Requests written out in the docs are ones the server takes.',
  B9: 'The page proposes only names the server takes.',
  B10: 'Health can look at the Hub; logs have request ids and no secrets.',
  B11: 'Versions are pinned; the package holds what it needs and nothing else.',
});

const TRACES = rows({
  T1: 'One response counts once, however many lines repeat it.',
  T2: 'Credentials of two dozen kinds are taken out, escaped ones too.',
  T3: 'Five harnesses are read; an unknown one is named.',
  T4: 'A log is found whatever characters its folder has.',
  T5: 'A refused promotion is an error; session ids are checked; sub-agents count.',
});

const TRANSPORT = rows({
  X1: 'One refused upload token spoils nothing after it.',
  X2: 'A folder is a folder, not everything that begins with its name.',
});

export const WEAKNESSES: Record<string, Weakness> = {
  ...SECURITY,
  ...CORRECTNESS,
  ...SCALE,
  ...VERIFICATION,
  ...OPERATIONS,
  ...TRACES,
  ...TRANSPORT,
};

const ID = '[SCPVBTX]\\d{1,2}';
const IDS = `${ID}(?:[ ,]+${ID})*`;
const TITLE = new RegExp(`['"\`](?:(${IDS}): |[^'"\`\\n]*\\((${IDS})\\)['"\`])([^\\n]*)`, 'g');

export interface NamedTest {
  file: string;
  ids: string[];
}

/** Every test title, and every row of a table test, that names a weakness. */
export function namedTests(): NamedTest[] {
  return ['test', 'templates', 'generator'].flatMap((room) =>
    readdirSync(join(repository, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.test.ts') && !/node_modules|golden/.test(path))
      .map((path) => `${room}/${path}`)
      .sort()
      .flatMap((file) =>
        [...readFileSync(join(repository, file), 'utf8').matchAll(TITLE)].map((m) => ({
          file,
          ids: ((m[1] ?? m[2]) as string).split(/[ ,]+/),
        })),
      ),
  );
}

/** Table of the docs: number, what holds, where it is tested. */
export function weaknessTable(): string[][] {
  const tests = namedTests();
  return Object.entries(WEAKNESSES).map(([id, { ours, untested }]) => {
    const files = new Set(tests.filter((t) => t.ids.includes(id)).map(({ file }) => file));
    const where = [...files].map((file) => `\`${file}\``);
    return [id, ours, where.join(', ') || `not tested: ${untested}`];
  });
}
