import { HubError, type RepoId } from './port.ts';

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** `namespace/name`, checked, as a part of a URL. */
export function repo(id: RepoId): string {
  if (!ID.test(id)) throw new HubError('invalid', `"${id}" is not of the form namespace/name`, { url: '' });
  return id;
}

export function splitRepo(id: RepoId): { namespace: string; name: string } {
  const [namespace = '', name = ''] = repo(id).split('/');
  return { namespace, name };
}

/** One path component of a URL. */
export const segment = (text: string): string => encodeURIComponent(text);

/** A file path with its slashes kept. Refuses what the Hub refuses as a key. */
export function filePath(path: string): string {
  const parts = path.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..') || /[\\\0]/.test(path);
  if (bad) throw new HubError('invalid', `"${path}" is not a path the Hub takes`, { url: '' });
  return parts.map(segment).join('/');
}

const TYPES: Record<string, string> = {
  md: 'text/markdown',
  txt: 'text/plain',
  log: 'text/plain',
  py: 'text/x-python',
  csv: 'text/csv',
  html: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  zip: 'application/zip',
  gz: 'application/gzip',
};

/** Content type by the name's ending. */
export function contentTypeOf(path: string): string {
  return TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
}
