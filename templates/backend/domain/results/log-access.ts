/**
 * Who may read what a run printed. A submission prints what it likes, also the private prompts it was asked: a log of
 * a run that saw private data would hand them to whoever reads it, its own author first.
 */
export type Reader = 'anyone' | 'author' | 'organizer';

export interface RunLog {
  run: string;
  kind: 'benchmark' | 'verification';
  bytes: number;
  bucket: string;
  path: string;
  /** Was the private split mounted? Runs of which it is not known count as such. */
  sawPrivate: boolean;
}

/** A benchmark sees public data alone, and its folder is named in the public record by its author. */
export function mayRead(reader: Reader, { kind, sawPrivate }: Pick<RunLog, 'kind' | 'sawPrivate'>): boolean {
  return kind === 'benchmark' || reader === 'organizer' || (reader === 'author' && !sawPrivate);
}

/** Name of a run by its folder: the first one of a result has none of its own. */
export function runName(folder: string, result: string): string {
  const leaf = folder.slice(folder.lastIndexOf('/') + 1);
  return leaf === result ? 'first' : leaf;
}
