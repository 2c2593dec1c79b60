/** Questions of one asker: so many at once, so many more wait for their turn, none of them for ever. */
interface Limits {
  atOnce: number;
  waiting: number;
  /** Milliseconds that one may wait. */
  patienceMs: number;
}

interface Line {
  under: number;
  /** First come, first served. */
  waiting: Set<(isMine: boolean) => void>;
}

/** Says that a question was answered: whose turn is next? */
export type Leave = () => void;

/** @returns enters the line of an asker. `null`: it is full, or did not move for too long */
export function lines(
  { atOnce, waiting, patienceMs }: Limits,
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>,
): (asker: string) => Promise<Leave | null> {
  const all = new Map<string, Line>();

  const turn = async (line: Line): Promise<boolean> => {
    const called = new AbortController();
    const mine = await new Promise<boolean>((go) => {
      line.waiting.add(go);
      void sleep(patienceMs, called.signal).then(() => line.waiting.delete(go) && go(false));
    });
    called.abort();
    return mine;
  };

  const leave = (asker: string, line: Line) => {
    const [next] = line.waiting;
    if (next) {
      line.waiting.delete(next);
      next(true);
      return;
    }
    line.under--;
    if (line.under === 0) all.delete(asker);
  };

  return async (asker) => {
    const line = all.get(asker) ?? { under: 0, waiting: new Set() };
    all.set(asker, line);
    if (line.under < atOnce) line.under++;
    else if (line.waiting.size >= waiting || !(await turn(line))) return null;
    return () => leave(asker, line);
  };
}
