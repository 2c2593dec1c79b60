/** Times as they stand in file names (`YYYYMMDD-HHmmss-mmm`), frontmatter (`YYYY-MM-DD HH:MM UTC`) and JSON (ISO). All UTC. */

/** 19 characters, sorts as time does. */
export type FileStamp = string;

export function isoStamp(ms: number): string {
  return new Date(ms).toISOString();
}

export function fileStamp(ms: number): FileStamp {
  const iso = isoStamp(ms);
  return `${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}-${iso.slice(20, 23)}`;
}

export function minuteStamp(ms: number): string {
  const iso = isoStamp(ms);
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

const FILE_STAMP = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})-(\d{3})/;

/** Milliseconds of the stamp a file name starts with; `null` when it has none. */
export function parseFileStamp(name: string): number | null {
  const m = FILE_STAMP.exec(name);
  if (!m) return null;
  const [y, mo, d, h, mi, s, ms] = m.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = Date.UTC(y, mo - 1, d, h, mi, s, ms);
  return Number.isFinite(time) && fileStamp(time) === name.slice(0, 19) ? time : null;
}

/** `YYYY-MM-DD HH:MM UTC` or ISO 8601 → ms; `null` when it is neither. */
export function parseTime(text: string): number | null {
  const minute = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(?: UTC)?$/.exec(text);
  if (minute) return finite(Date.parse(`${minute[1]}T${minute[2]}:00Z`));
  const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
    text,
  );
  if (!iso) return null;
  const zoned = text.length <= 10 || iso[1] ? text : `${text}Z`;
  return finite(Date.parse(zoned.replace(' ', 'T')));
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

const PARTIAL = [/^\d{8}$/, /^\d{8}-\d{6}$/, /^\d{8}-\d{6}-\d{3}$/];

/**
 * A `since` or `until` bound as a string comparable with the first 19 characters of a file name, inclusive.
 * Takes ISO 8601 (naive = UTC), `YYYYMMDD`, `YYYYMMDD-HHmmss`, `YYYYMMDD-HHmmss-mmm`. `null`: not a time.
 */
export function stampBound(text: string, end: boolean): FileStamp | null {
  if (PARTIAL.some((p) => p.test(text))) {
    const stamp = text + '00000000-000000-000'.slice(text.length);
    if (parseFileStamp(stamp) === null) return null;
    return end ? text + '99999999-235959-999'.slice(text.length) : stamp;
  }
  const ms = parseTime(text);
  if (ms === null || ms < 0 || ms > 253_402_300_799_999) return null;
  return fileStamp(ms);
}
