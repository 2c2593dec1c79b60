import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LogBuffer, type LogLine } from '../process/log.ts';

const MAX_BYTES = 32 * 1024 * 1024;

/** Output of one job: in memory while it runs, in a file for later. */
export class JobLog {
  readonly live: LogBuffer;
  private readonly file: WriteStream;
  private written = 0;

  constructor(path: string, now: () => number) {
    this.live = new LogBuffer(now, 20_000);
    this.file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.file.on('error', () => undefined);
  }

  add(text: string): void {
    if (this.written > MAX_BYTES) return;
    const json = `${JSON.stringify(this.live.add(text))}\n`;
    this.written += json.length;
    this.file.write(json);
    if (this.written > MAX_BYTES) this.live.add('===== Output over 32 MB is dropped =====');
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.file.end(resolve));
    this.live.end();
  }
}

/** What the file of an ended job holds; a line cut off by a crash is left out. */
export async function readJobLog(path: string): Promise<LogLine[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LogLine];
    } catch {
      return [];
    }
  });
}
