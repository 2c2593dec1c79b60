import { placeOf } from './failure.ts';
import { HubError } from './port.ts';
import type { HubClock, HubRequest } from './transport.ts';

/** Above every honest answer that is asked for without a bound of its own. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** Of an answer that is an error so much is looked at. */
const MAX_ERROR_BYTES = 64 * 1024;

/** What a Hub said, to its end or as far as it is wanted. @throws HubError kind `invalid`: larger than it may be. */
export async function readBody(
  response: Response,
  url: string,
  request: HubRequest,
  after: NonNullable<HubClock['after']>,
): Promise<Uint8Array> {
  const { idleMs } = request;
  const isAnswer = response.ok || request.accept?.includes(response.status);
  const maxBytes = isAnswer ? (request.maxBytes ?? MAX_ANSWER_BYTES) : MAX_ERROR_BYTES;
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  try {
    for (let size = 0; ; ) {
      const part = await (idleMs === undefined ? reader.read() : readWithin(reader, idleMs, after));
      if (part.done) break;
      size += part.value.byteLength;
      if (size > maxBytes && isAnswer) throw tooLarge(url, maxBytes);
      if (size > maxBytes) break;
      parts.push(part.value);
    }
    return new Uint8Array(Buffer.concat(parts));
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function tooLarge(url: string, maxBytes: number): HubError {
  const place = placeOf(url);
  return new HubError('invalid', `${place} is larger than ${maxBytes} bytes`, { url: place });
}

type Part = { done: true; value?: undefined } | { done: false; value: Uint8Array };

async function readWithin(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  idleMs: number,
  after: NonNullable<HubClock['after']>,
): Promise<Part> {
  let cancel = () => {};
  const idle = new Promise<Part>((resolve) => {
    cancel = after(idleMs, () => resolve({ done: true }));
  });
  try {
    return await Promise.race([reader.read() as Promise<Part>, idle]);
  } finally {
    cancel();
  }
}
