/** Files that agents hand over from their scratch buckets. */
import { ApiError } from '@collab/contract/errors.ts';
import { parseSource, pathProblem, type Source } from '@collab/contract/paths.ts';
import type { BucketFile, HubPort } from '@collab/hub/port.ts';
import { isCompat, type Settings } from '../settings.ts';
import { hubFailure, isBeyondBound } from './hub-failure.ts';

export interface SourceFile {
  /** Relative to the source path: `a/b.txt`. */
  relative: string;
  file: BucketFile;
}

export interface Sources {
  /** Takes an `hf://buckets/…` URI apart. INVALID_PATH. */
  resolve(uri: string): Source;
  /** UTF-8 text of a source file. SOURCE_NOT_FOUND, INVALID_SOURCE, TOO_LARGE (MESSAGE_MAX_BYTES unless told). */
  text(source: Source, maxBytes?: number): Promise<{ text: string; bytes: Uint8Array }>;
  /**
   * Files of a source folder (`run` never takes `run.md` or `runs/…` along), dot-files left out.
   * SOURCE_NOT_FOUND when there are none, INVALID_PATH for a whole bucket or an unsafe name, SYNC_TOO_LARGE. Profile
   * compat takes whole buckets, and nothing at all.
   */
  files(source: Source): Promise<SourceFile[]>;
}

/** Dot-files are left out afterwards: twice as many are looked at as may be copied. */
export const listingBound = (settings: Pick<Settings, 'SYNC_MAX_FILES'>) => ({
  maxFiles: settings.SYNC_MAX_FILES * 2,
});

/** A folder without an end costs the Hub a call for every page: it is not listed further. */
export const refuseBoundless = (settings: Settings) => (error: unknown) => {
  if (!isBeyondBound(error)) throw error;
  throw new ApiError('SYNC_TOO_LARGE', 'the folder has too many files', {
    hint: `at most ${settings.SYNC_MAX_FILES} files and ${settings.SYNC_MAX_BYTES} bytes`,
    cause: error,
  });
};

export function createSources(hub: HubPort, settings: Settings): Sources {
  const compat = isCompat(settings);
  const home = { org: settings.ORG, slug: settings.COLLAB_SLUG };
  return {
    resolve(uri) {
      const source = parseSource(uri, home);
      if ('problem' in source) throw new ApiError('INVALID_PATH', source.problem, { hint: source.hint });
      return source;
    },
    async text(source, maxBytes = settings.MESSAGE_MAX_BYTES) {
      const bytes = await readSource(hub, source, maxBytes);
      return { bytes, text: utf8(bytes, source) };
    },
    async files(source) {
      if (source.path === '' && !compat)
        throw new ApiError('INVALID_PATH', 'a whole bucket cannot be the source', {
          hint: 'name a folder in it',
        });
      const listed = await hub
        .listFiles(source.bucket, folderPrefix(source), listingBound(settings))
        .catch(refuseBoundless(settings))
        .catch(hubFailure('list the source'));
      return checked(listed ?? [], source, settings, compat);
    },
  };
}

async function readSource(hub: HubPort, source: Source, maxBytes: number): Promise<Uint8Array> {
  if (source.path === '') throw new ApiError('INVALID_PATH', 'the source names no file');
  try {
    const bytes = await hub.readFile(source.bucket, source.path, { maxBytes });
    if (bytes !== null) return bytes;
  } catch (error) {
    if (isBeyondBound(error))
      throw new ApiError('TOO_LARGE', `the source is over ${maxBytes} bytes`, { cause: error });
    hubFailure('read the source')(error);
  }
  throw new ApiError('SOURCE_NOT_FOUND', `no such file: hf://buckets/${source.bucket}/${source.path}`);
}

function utf8(bytes: Uint8Array, source: Source): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('INVALID_SOURCE', `${source.path} is not UTF-8 text`, { cause });
  }
}

const folderPrefix = ({ path }: Source) => (path === '' ? '' : `${path}/`);

function checked(listed: BucketFile[], source: Source, settings: Settings, compat: boolean): SourceFile[] {
  const files = listed
    .map((file) => ({ relative: file.path.slice(folderPrefix(source).length), file }))
    .filter(({ relative }) => !relative.split('/').some((part) => part.startsWith('.')));
  if (files.length === 0 && !compat)
    throw new ApiError('SOURCE_NOT_FOUND', `nothing below hf://buckets/${source.bucket}/${source.path}/`);
  const bad = files.find(({ relative }) => pathProblem(relative) !== null);
  if (bad) throw new ApiError('INVALID_PATH', `source file: ${pathProblem(bad.relative)}`);
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  if (files.length > settings.SYNC_MAX_FILES || bytes > settings.SYNC_MAX_BYTES)
    throw new ApiError('SYNC_TOO_LARGE', `${files.length} files, ${bytes} bytes`, {
      hint: `at most ${settings.SYNC_MAX_FILES} files and ${settings.SYNC_MAX_BYTES} bytes in one sync`,
    });
  return files;
}
