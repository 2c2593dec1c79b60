import { protocolError, restOfWrite } from './failure.ts';
import { HubError } from './port.ts';
import type { HubRequest, Transport } from './transport.ts';

/** A bucket or a Space that is to be made. */
interface Making<T> {
  private: boolean;
  post: Pick<HubRequest, 'path' | 'json'>;
  /** `null`: not there. */
  look(): Promise<T | null>;
  /** Says its visibility again, while nothing is in it. */
  settings: Pick<HubRequest, 'path' | 'json'>;
  token?: string | undefined;
}

/**
 * Makes it and looks at what the Hub made of it: an organization may have a visibility of its own.
 * @throws HubError. A refusal means that nothing was made; whatever comes later is of another kind.
 */
export async function makeRepo<T extends { private: boolean }>(
  transport: Transport,
  making: Making<T>,
): Promise<T> {
  const as = making.token === undefined ? {} : { token: making.token };
  const lost = await sendOnce(transport, { method: 'POST', effect: 'write', ...making.post, ...as });
  const problem = (what: string) => protocolError(`${transport.endpoint}${making.post.path}`, what);
  return restOfWrite(async () => {
    const made = await making.look();
    if (!made) throw lost ?? problem('created, and then not there');
    if (made.private === making.private) return made;
    await transport.send({ method: 'PUT', effect: 'upsert', ...making.settings, ...as });
    const now = await making.look();
    if (now?.private === making.private) return now;
    throw problem(`the Hub made it ${making.private ? 'public' : 'private'}, which was not asked for`);
  });
}

/** @returns what was thrown when the answer got lost: it may be there all the same. */
async function sendOnce(transport: Transport, request: HubRequest): Promise<HubError | null> {
  try {
    await transport.send(request);
    return null;
  } catch (error) {
    if (error instanceof HubError && error.kind === 'unknown_outcome') return error;
    throw error;
  }
}
