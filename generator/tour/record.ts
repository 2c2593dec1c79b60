import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';

/** A result as `GET /v1/results?expand=true` lists it. */
export interface ResultRecord {
  filename: string;
  frontmatter: Record<string, unknown>;
  body: string;
  verification: string;
}

/** One read of the public API. @throws CollabError API_UNREACHABLE, API_REFUSED */
export async function getJson<T>(io: Io, url: string): Promise<T> {
  const response = await io
    .fetch(url, { signal: AbortSignal.any([io.signal, AbortSignal.timeout(30_000)]) })
    .catch((cause) => {
      throw new CollabError(
        'API_UNREACHABLE',
        `The collaboration does not answer at ${new URL(url).origin}.`,
        { cause },
      );
    });
  if (!response.ok)
    throw new CollabError('API_REFUSED', `${new URL(url).pathname} answered ${response.status}.`);
  return (await response.json()) as T;
}
