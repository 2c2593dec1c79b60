/** Numbers and times for people. Everything goes through Intl, in the viewer's locale. */

/** As many digits as a score deserves: 5 significant, scientific beyond 1e9 and below 1e-3. */
export function formatScore(value: number | null | undefined, exact?: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (exact !== undefined && exact.length > 12) return value.toExponential(3);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-3)) return value.toExponential(2);
  const digits = size === 0 ? 0 : Math.max(0, Math.min(4, 4 - Math.floor(Math.log10(size))));
  // Minus zero is zero.
  return (value + 0).toLocaleString('en', {
    maximumFractionDigits: digits,
    minimumFractionDigits: Math.min(digits, 2),
  });
}

export const formatCount = (n: number): string => n.toLocaleString('en');

export const formatCompact = (n: number): string =>
  new Intl.NumberFormat('en', {
    notation: 'compact',
    maximumFractionDigits: 1,
    minimumFractionDigits: n < 1000 ? 0 : 1,
  }).format(n);

/** `9 B`, `1.2 kB`, `3 MB`. */
export function formatBytes(bytes: number): string {
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unit = ['byte', 'kilobyte', 'megabyte', 'gigabyte'][step];
  const style = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 } as const;
  const short = new Intl.NumberFormat('en', style).format(bytes / 1000 ** step);
  return short.replace(/bytes?$/, 'B');
}

export const formatUsd = (n: number): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' }).format(n);

/** Half-width of an interval, as `± 1.2`. */
export function formatInterval(ci: [number, number] | null | undefined): string {
  if (!ci || !ci.every(Number.isFinite)) return '';
  const half = (ci[1] - ci[0]) / 2;
  return `± ${half === 0 ? '0' : half.toPrecision(2).replace(/e\+?(-?\d+)/, 'e$1')}`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

/** "5 min. ago", "in 2 hr.", "now". Both in milliseconds since the epoch. */
export function formatAgo(time: number, now: number): string {
  const seconds = (time - now) / 1000;
  for (const [unit, size] of STEPS)
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  return 'just now';
}

export const formatClock = (time: number): string =>
  new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

export const formatDate = (time: number): string =>
  new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'short' });

export const formatDay = (time: number): string =>
  new Date(time).toLocaleDateString('en', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });

export const formatMoment = (time: number): string =>
  new Date(time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });

/** `2h 05m`, `40 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
