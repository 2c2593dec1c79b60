import type { z } from 'zod';
import { placeOf, protocolError } from './failure.ts';
import { HubError } from './port.ts';
import { type HubAnswer, type HubRequest, parseJson, type Transport } from './transport.ts';

/** More pages than any listing of ours can have: a server that pages for ever is cut off. */
const MAX_PAGES = 10_000;

/** Every item of every page, or an error: a listing is never cut short in silence. `null`: nothing there to list. */
export async function allPages<T>(
  transport: Transport,
  request: HubRequest,
  schema: z.ZodType<T[]>,
  maxItems = Number.POSITIVE_INFINITY,
): Promise<T[] | null> {
  const first = await transport.sendOrNull(request);
  if (first === null) return null;
  const items = parseJson(first, schema);
  const seen = new Set<string>();
  for (let next = nextPage(first, transport.endpoint); next; ) {
    if (items.length > maxItems) throw tooMany(first.url, maxItems);
    if (seen.has(next) || seen.size >= MAX_PAGES) throw protocolError(next, 'the listing pages in a circle');
    seen.add(next);
    const answer = await transport.send({ ...request, path: next });
    for (const item of parseJson(answer, schema)) items.push(item);
    next = nextPage(answer, transport.endpoint);
  }
  if (items.length > maxItems) throw tooMany(first.url, maxItems);
  return items;
}

function tooMany(url: string, maxItems: number): HubError {
  const place = placeOf(url);
  return new HubError('invalid', `${place} lists more than ${maxItems}`, { url: place });
}

/** Target of `Link: <…>; rel="next"`. It must lie on the Hub itself, for the token goes along. */
function nextPage(answer: HubAnswer, endpoint: string): string | undefined {
  const link = answer.headers.get('link');
  const target = link && /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(link)?.[1];
  if (!target) return undefined;
  const url = new URL(target, answer.url);
  if (url.origin !== new URL(endpoint).origin)
    throw protocolError(answer.url, `the next page is on another server (${url.origin})`);
  return url.href;
}
