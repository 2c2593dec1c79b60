import type { Http } from './http.ts';
import type { Page } from './types.ts';

const LIMIT = 200;

/** Every page of a listing in ascending order. */
export async function allPages<T>(
  http: Http,
  path: string,
  query: Record<string, string> = {},
): Promise<T[]> {
  const items: T[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const search: URLSearchParams = new URLSearchParams({
      expand: 'true',
      order: 'asc',
      limit: String(LIMIT),
      ...query,
      ...(after ? { after } : {}),
    });
    const page: Page<T> = await http.get(`${path}?${search}`);
    items.push(...page.items);
    after = page.next;
  }
  return items;
}
