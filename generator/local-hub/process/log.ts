export interface LogLine {
  data: string;
  timestamp: string;
}

type Listener = (line: LogLine | null) => void;

/** The last lines of a program's output, with followers. */
export class LogBuffer {
  private lines: LogLine[] = [];
  private readonly listeners = new Set<Listener>();
  private readonly limit: number;
  private readonly now: () => number;
  /** No more lines will come. */
  ended = false;

  constructor(now: () => number, limit = 5000) {
    this.now = now;
    this.limit = limit;
  }

  add(data: string): LogLine {
    const line = { data: `${data}\n`, timestamp: new Date(this.now()).toISOString() };
    this.lines.push(line);
    if (this.lines.length > this.limit * 1.2) this.lines = this.lines.slice(-this.limit);
    for (const listener of this.listeners) listener(line);
    return line;
  }

  end(): void {
    this.ended = true;
    for (const listener of this.listeners) listener(null);
    this.listeners.clear();
  }

  clear(): void {
    this.lines = [];
  }

  tail(count = this.limit): LogLine[] {
    return this.lines.slice(-count);
  }

  /** Past lines, then new ones until the log ends or `signal` aborts. */
  async *follow(signal: AbortSignal, tail?: number): AsyncGenerator<LogLine> {
    const queue: (LogLine | null)[] = this.tail(tail);
    if (this.ended) queue.push(null);
    let wake = () => {};
    const listener: Listener = (line) => {
      queue.push(line);
      // Who reads more slowly than the program prints misses lines, as the past has lost them.
      if (queue.length > 2 * this.limit) queue.splice(0, this.limit);
      wake();
    };
    this.listeners.add(listener);
    const stop = () => listener(null);
    signal.addEventListener('abort', stop);
    try {
      for (;;) {
        while (queue.length > 0) {
          const line = queue.shift();
          if (line === null || line === undefined || signal.aborted) return;
          yield line;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0) resolve();
        });
      }
    } finally {
      this.listeners.delete(listener);
      signal.removeEventListener('abort', stop);
    }
  }
}
