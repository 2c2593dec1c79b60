/** The table of routes as a page without scripts. */
import type { AnyRoute } from '@collab/contract/route.ts';

const escape = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function docsPage(title: string, routes: readonly AnyRoute[]): string {
  const rows = routes.map(
    (r) =>
      `<tr><td><code>${r.method}</code></td><td><code>${escape(r.path)}</code></td><td>${escape(r.auth)}</td><td>${escape(r.doc)}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    `<title>${escape(title)}: API</title><h1>${escape(title)}: API</h1>`,
    '<p>The exact shapes are in <a href="/openapi.json">openapi.json</a>.</p>',
    '<table><thead><tr><th>Method</th><th>Path</th><th>Who</th><th>What</th></tr></thead><tbody>',
    ...rows,
    '</tbody></table></html>',
  ].join('\n');
}
