/** `job_logs.txt` of a run. */
export const LOG_FILE = 'job_logs.txt';

/** Kept of a run's log, in bytes: how long a line is, the submission decides. */
export const MAX_LOG_BYTES = 256 * 1024;

/** The end of the log, at most {@link MAX_LOG_BYTES}; a first line that says so where something is missing. */
export function logFile(lines: readonly string[]): string {
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`);
  if (bytes.byteLength <= MAX_LOG_BYTES) return new TextDecoder().decode(bytes);
  const note = `[the first ${bytes.byteLength - MAX_LOG_BYTES} bytes are left out]\n`;
  return note + new TextDecoder().decode(bytes.subarray(-MAX_LOG_BYTES)).replace(/^\uFFFD+/, '');
}
