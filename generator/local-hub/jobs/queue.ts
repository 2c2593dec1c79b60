/** Jobs in order, so many at once. Those of one seat (the members of a network group) run side by side and count as one. */
export class JobQueue {
  private readonly seats: number;
  private readonly seatOf: (id: string) => string;
  private readonly run: (id: string) => Promise<void>;
  private readonly waiting: string[] = [];
  private readonly running = new Set<Promise<void>>();
  /** How many run, by seat. */
  private readonly taken = new Map<string, number>();
  private closed = false;

  /** @param run does not reject. */
  constructor(seats: number, seatOf: (id: string) => string, run: (id: string) => Promise<void>) {
    this.seats = seats;
    this.seatOf = seatOf;
    this.run = run;
  }

  /** Whether one runs now. */
  get busy(): boolean {
    return this.running.size > 0;
  }

  /** Starts it when it is its turn. */
  push(id: string): void {
    this.waiting.push(id);
    this.next();
  }

  /** Starts none any more. */
  close(): void {
    this.closed = true;
    this.waiting.length = 0;
  }

  /** Once those that run have ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.running);
  }

  private next(): void {
    for (let at = this.first(); at >= 0 && !this.closed; at = this.first()) {
      const [id] = this.waiting.splice(at, 1) as [string];
      const seat = this.seatOf(id);
      this.taken.set(seat, (this.taken.get(seat) ?? 0) + 1);
      const run = this.run(id).finally(() => {
        this.running.delete(run);
        this.free(seat);
        this.next();
      });
      this.running.add(run);
    }
  }

  private first(): number {
    return this.waiting.findIndex((id) => this.taken.size < this.seats || this.taken.has(this.seatOf(id)));
  }

  private free(seat: string): void {
    const left = (this.taken.get(seat) ?? 1) - 1;
    if (left > 0) this.taken.set(seat, left);
    else this.taken.delete(seat);
  }
}
