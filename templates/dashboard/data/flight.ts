/** One piece of work that is never done twice at a time. */
export class Flight {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** The run under way, or a new one. */
  join(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** A run that begins after this call: the one under way may have asked too early. */
  anew(): Promise<void> {
    if (this.#running === null) return this.join();
    const begin = () => {
      this.#next = null;
      return this.join();
    };
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }
}
