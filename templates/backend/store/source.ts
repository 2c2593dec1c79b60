/** Files that agents hand over from their scratch buckets. */
import type { Source } from '@collab/contract/paths.ts';
import type { BucketFile } from '@collab/hub/port.ts';

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
   * SOURCE_NOT_FOUND when there are none, INVALID_PATH for a whole bucket or an unsafe name, SYNC_TOO_LARGE.
   */
  files(source: Source): Promise<SourceFile[]>;
}
