/** So much is put together at once: less would be copied over and over, chunk by chunk. */
const READ_AHEAD = 1024 * 1024;

/** Reads a stream in pieces of a wanted size, so that a 64 MiB body never has to be in memory as a whole. */
export class ByteReader {
  private readonly source: AsyncIterator<Uint8Array>;
  private buffer = Buffer.alloc(0);
  private ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** @returns exactly `n` bytes, or what is left when the stream ends before */
  async take(n: number): Promise<Uint8Array> {
    await this.fill(n);
    const piece = this.buffer.subarray(0, n);
    this.buffer = this.buffer.subarray(n);
    return piece;
  }

  private async fill(n: number): Promise<void> {
    if (this.buffer.length >= n || this.ended) return;
    const parts: Uint8Array[] = [this.buffer];
    let length = this.buffer.length;
    while (length < Math.max(n, READ_AHEAD)) {
      const { value, done } = await this.source.next();
      if (done) {
        this.ended = true;
        break;
      }
      parts.push(value);
      length += value.length;
    }
    this.buffer = Buffer.concat(parts);
  }
}
