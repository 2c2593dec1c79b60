/**
 * Answers on their way out, counted by who asked for them. Nobody has to read what he asked for, and one connection may
 * ask many times before it reads: what waits in memory is bounded here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Smaller ones are not counted: what many connections may hold of them is little. */
const COUNTED_BYTES = 256 * 1024;
/** Eight full pages. */
const MAX_OF_ONE = 32 * 1024 * 1024;
const MAX_OF_ALL = 512 * 1024 * 1024;

/** What the listener passes along with a request; absent in process. */
export interface Wire {
  incoming?: Pick<IncomingMessage, 'socket'>;
  outgoing?: Pick<ServerResponse, 'once' | 'off'>;
}

export class UnderWay {
  private readonly held = new Map<string, number>();
  private all = 0;

  /** Counts an answer until it was sent or its connection ended. @param addressOf its asker; not asked for small ones. @returns false: this asker waits for too much already */
  admit(addressOf: () => string, bytes: number, { incoming, outgoing }: Wire = {}): boolean {
    if (bytes < COUNTED_BYTES || !outgoing || !incoming) return true;
    const address = addressOf();
    const own = this.held.get(address) ?? 0;
    // One answer always goes, however large.
    if (own > 0 && (own + bytes > MAX_OF_ONE || this.all + bytes > MAX_OF_ALL)) return false;
    this.count(address, bytes);
    const ended = () => {
      outgoing.off('close', ended);
      incoming.socket.off('close', ended);
      this.count(address, -bytes);
    };
    outgoing.once('close', ended);
    // An answer that stands behind another one on its connection is not told when that ends.
    incoming.socket.once('close', ended);
    return true;
  }

  private count(address: string, bytes: number): void {
    const held = (this.held.get(address) ?? 0) + bytes;
    if (held > 0) this.held.set(address, held);
    else this.held.delete(address);
    this.all += bytes;
  }
}
