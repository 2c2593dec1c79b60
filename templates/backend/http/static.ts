/** The dashboard's built files and the participants' client. */
import { extname, join, normalize, sep } from 'node:path';
import type { Context, Hono } from 'hono';
import { isCurrent } from './conditional.ts';
import { codingFor, type PackedFile, packedFiles } from './packed.ts';
import { whole } from './whole.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Only own files run, nothing is loaded from elsewhere; huggingface.co may frame the page. */
export const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self' https://huggingface.co http://127.0.0.1:* http://localhost:*",
].join('; ');

export function addStatic(app: Hono<any>, dir: string | undefined): void {
  if (dir === undefined) return;
  const read = packedFiles();
  app.get(
    '/client/collab.mjs',
    async (c, next) => (await file(c, read, join(dir, 'client'), 'collab.mjs')) ?? next(),
  );
  app.get('*', async (c, next) => {
    const path = decoded(new URL(c.req.url).pathname.slice(1));
    if (path === null || path.startsWith('v1/')) return next();
    const found = await file(c, read, join(dir, 'public'), path);
    if (found) return found;
    // A permalink of the page itself.
    const page = extname(path) === '' && (c.req.header('accept') ?? '').includes('text/html');
    return (page ? await file(c, read, join(dir, 'public'), 'index.html') : null) ?? next();
  });
}

/** `null`: not a percent-encoded path. The root is the page. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path) || 'index.html';
  } catch {
    return null;
  }
}

type Read = (path: string) => Promise<PackedFile | null>;

async function file(c: Context, read: Read, root: string, path: string): Promise<Response | null> {
  const full = normalize(join(root, path));
  if (
    !full.startsWith(root + sep) ||
    path.includes('\0') ||
    path.split(/[\\/]/).some((p) => p.startsWith('.'))
  )
    return null;
  const type = TYPES[extname(full)];
  if (type === undefined) return null;
  const found = await read(full);
  if (found === null) return null;
  const hashed = /[-.][A-Za-z0-9_-]{8,}\.(?:js|css|woff2|svg|png)$/.test(full) && path.includes('assets/');
  c.header('ETag', found.tag);
  c.header('Vary', 'Accept-Encoding');
  c.header('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('Content-Security-Policy', PAGE_CSP);
  if (isCurrent(c.req.header('if-none-match'), found.tag)) return c.body(null, 304);
  const coding = codingFor(c, found.size, type);
  if (coding !== 'identity') c.header('Content-Encoding', coding);
  return whole(c, await found.as(coding), 200, { 'Content-Type': type });
}
