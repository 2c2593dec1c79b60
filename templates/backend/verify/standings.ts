import type { VerificationState } from '@collab/contract/schemas.ts';
import { type BoardOptions, measuredBoard } from '../domain/leaderboard/board.ts';
import { compatBoard } from '../domain/leaderboard/compat.ts';
import { type Calibration, type Place, readCalibration } from '../domain/leaderboard/pool.ts';
import type { Board, Entry, MeasuredRow, Row } from '../domain/leaderboard/row.ts';
import { resultEntry } from '../domain/results/entry.ts';
import { judge } from '../domain/verification/judgement.ts';
import type { Store } from '../store/types.ts';
import type { Rules } from './rules.ts';
import type { VerdictBook } from './verdict-book.ts';

export interface StandingsDeps {
  rules: Rules;
  store: Store;
  book: VerdictBook;
  calibrationPath: string;
  place: Place;
  /** Where a result that is not judged stands in the queue. */
  queueState(result: string): VerificationState | undefined;
  /** Changes when the queue does. */
  queueVersion(): number;
}

export interface BoardView {
  groupBy: BoardOptions['groupBy'];
  states: ReadonlySet<VerificationState>;
  division: string;
  /** File stamp: results and verdicts after it are left out. */
  at?: string;
}

/** Results with their verdicts, and the boards made of them, computed once per change of the record. */
export interface Standings {
  /** Resolves when verdicts, people's edits of the index and calibration are known. */
  ready(): Promise<void>;
  entries(): readonly Entry[];
  /** Where one result stands. */
  state(result: string): VerificationState;
  board(view: BoardView): Board<Row | MeasuredRow>;
  measured(view: BoardView): Board<MeasuredRow>;
  /** Changes whenever a board or a state could. */
  readonly version: string;
}

const CALIBRATION_BYTES = 65_536;
const CALIBRATION_TTL_MS = 300_000;

export function standings(deps: StandingsDeps, now: () => number): Standings {
  const { rules, store, book } = deps;
  const cache = new Map<string, unknown>();
  let cachedAt = '';
  let calibration: Calibration | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let readings = 0;
  const versionNow = () => `${book.version}:${deps.queueVersion()}:${readings}`;

  async function ready(): Promise<void> {
    await book.current();
    if (now() - readAt < CALIBRATION_TTL_MS) return;
    readAt = now();
    const bytes = await store.bytes(deps.calibrationPath, CALIBRATION_BYTES).catch(() => undefined);
    if (bytes === undefined) return;
    calibration = bytes && readCalibration(new TextDecoder().decode(bytes), deps.place);
    cache.clear();
    readings++;
  }

  function once<T>(key: string, compute: () => T): T {
    const version = versionNow();
    if (version !== cachedAt) cache.clear();
    cachedAt = version;
    if (!cache.has(key)) cache.set(key, compute());
    return cache.get(key) as T;
  }

  /** The reference shows whatever state people gave a result; it is then on no board. */
  const marked = (result: string) =>
    (rules.compat ? book.mark(result) : undefined) as VerificationState | undefined;

  const joined = (judgement: VerdictBook['judgement'], queueState = deps.queueState): Entry[] => {
    const known = { store, scoreField: rules.scoreField, judgement, queueState };
    const stored = store.folder('results').entries();
    return stored.map((entry) => resultEntry(entry, known));
  };

  const entries = () =>
    once('entries', () =>
      joined(book.judgement).map((entry) => ({ ...entry, state: marked(entry.filename) ?? entry.state })),
    );

  /** The record as it stood: later results and verdicts do not exist yet. */
  const entriesAt = (at: string): Entry[] => {
    const then = (result: string) => judge(book.verdicts(result).filter((verdict) => verdict.stamp <= at));
    return joined(then, () => undefined).filter((entry) => entry.stamp <= at);
  };

  /** Boards of the past are not kept: anybody may ask for any moment. */
  const kept = <T>(kind: string, view: BoardView, compute: () => T): T => {
    const { groupBy, states, division, at } = view;
    return at === undefined
      ? once(`${kind} ${groupBy} ${[...states].sort().join()} ${division}`, compute)
      : compute();
  };
  const shown = (view: BoardView) => (view.at === undefined ? entries() : entriesAt(view.at));

  const measured = (view: BoardView) =>
    kept('measured', view, () => {
      const division = rules.divisions.find((each) => each.id === view.division) ?? rules.headline;
      const { order, gates, minImprovement, allowNonPositive, claimTolerance } = rules;
      const { groupBy, states } = view;
      const fixed = { order, gates, minImprovement, allowNonPositive, claimTolerance, calibration };
      return measuredBoard(shown(view), { ...fixed, groupBy, states, division });
    });

  return {
    ready,
    entries,
    get version() {
      return versionNow();
    },
    state(result) {
      const { state } = book.judgement(result);
      return marked(result) ?? (state === 'pending' ? (deps.queueState(result) ?? 'pending') : state);
    },
    measured,
    board(view) {
      if (!rules.compat) return measured(view);
      const { order } = rules;
      const bestPerAgent = view.groupBy !== 'none';
      return kept('compat', view, () =>
        compatBoard(shown(view), { order, bestPerAgent, states: view.states }),
      );
    },
  };
}

/** What a board shows unless it is asked for something else. */
export const DEFAULT_STATES: ReadonlySet<VerificationState> = new Set(['valid', 'pending']);
