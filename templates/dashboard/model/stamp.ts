/** `YYYYMMDD-HHmmss[-mmm]_{author}.md`, the name of every message and result. Times are UTC. */
const NAME = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:-(\d{3}))?_(.+?)(?:\.md)?$/;

/** Milliseconds since the epoch, or null when the name carries no stamp. */
export function timeOf(filename: string): number | null {
  const m = NAME.exec(filename);
  if (!m) return null;
  const time = Date.UTC(+m[1]!, +m[2]! - 1, +m[3]!, +m[4]!, +m[5]!, +m[6]!, +(m[7] ?? 0));
  return Number.isFinite(time) ? time : null;
}

/** Author as the server stamped it into the name: unlike frontmatter, nobody else can write it. */
export const authorOf = (filename: string): string =>
  NAME.exec(filename)?.[8] ?? filename.replace(/\.md$/, '');

/** Local calendar day as `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  const d = new Date(time);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
