/** What an author gains by posting again, and how much of honest steps is shown. */
import { type Author, author, type Rule, SPEED } from './author.ts';
import { mean, type Random, random } from './random.ts';

interface Path {
  /** What the row shows over the truth, after each post. */
  gains: number[];
  /** Jobs per post. */
  jobs: number;
}

function path(rule: Rule, speeds: readonly number[], same: boolean, drawn: Random): Path {
  const one: Author = author(rule, drawn);
  const gains = speeds.map((speed, at) => {
    one.post(speed, same ? 'content' : `content-${at}`);
    return one.score() / speed - 1;
  });
  return { gains, jobs: one.jobs() / speeds.length };
}

/** No further post once the row shows so much more than the truth, which the author knows. */
const STOPS = [-0.002, 0, 0.002, 0.004, 0.006, 0.01];
const stopped = ({ gains }: Path, at: number) => gains.find((gain) => gain > at) ?? (gains.at(-1) as number);
const equal = (posts: number) => Array.from({ length: posts }, () => SPEED);
const steps = (step: number) => Array.from({ length: 11 }, (_, n) => SPEED * (1 + step) ** n);
const atEnd = (paths: readonly Path[]) => mean(paths.map(({ gains }) => gains.at(-1) as number));
const luckiest = (paths: readonly Path[]) =>
  Math.max(...STOPS.map((at) => mean(paths.map((each) => stopped(each, at)))));
const jobsOf = (paths: readonly Path[]) => mean(paths.map(({ jobs }) => jobs));

/**
 * One honest post, then others that end their runs on slow machines: what is measured was lucky. The best of several bounds.
 */
export function byEnding(rule: Rule, authors: number): number {
  const drawn = random(1);
  const gain = (slowest: number) => {
    const one = author(rule, drawn);
    one.post(SPEED, 'honest');
    for (let at = 0; at < 20; at++) one.post(SPEED, `content-${at}`, slowest);
    return one.score() / SPEED - 1;
  };
  const at = (slowest: number) => mean(Array.from({ length: authors }, () => gain(slowest)));
  return Math.max(...[-0.5, 0, 0.5].map(at));
}

/** Rows of the table of rules; `authors` per cell. */
export function reposting(rule: Rule, authors: number, drawn: Random) {
  const paths = (speeds: readonly number[], { same = false, count = authors } = {}) =>
    Array.from({ length: count }, () => path(rule, speeds, same, drawn));
  const credit = (found: readonly Path[], step: number) => {
    const top = (1 + step) ** 10;
    return ((1 + atEnd(found)) * top - 1) / (top - 1);
  };
  const same = paths(equal(20), { same: true });
  const changed = paths(equal(20));
  const half = paths(steps(0.005));
  return {
    'gain of 20 posts, same bytes': atEnd(same),
    'gain of 20 posts, a byte changed': atEnd(changed),
    'gain of 100 posts, a byte changed': atEnd(paths(equal(100), { count: Math.ceil(authors / 10) })),
    'gain of 20 posts after a first one 3 % slower': atEnd(paths([SPEED * 0.97, ...equal(19)])),
    'gain of stopping when lucky, same bytes': luckiest(same),
    'gain of stopping when lucky, a byte changed': luckiest(changed),
    'ending runs on slow machines, 20 posts': byEnding(rule, Math.ceil(authors / 4)),
    'ten honest steps of 0.25 %: share of them shown': credit(paths(steps(0.0025)), 0.0025),
    'of 0.5 %': credit(half, 0.005),
    'of 1 %': credit(paths(steps(0.01)), 0.01),
    'jobs per post, all equal': jobsOf(changed),
    'jobs per post, every post a step of 0.5 %': jobsOf(half),
  };
}

export type Reposting = ReturnType<typeof reposting>;
