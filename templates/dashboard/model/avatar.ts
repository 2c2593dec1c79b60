const HUES = 10;

/** Two letters and one of ten colours, the same for a handle everywhere. No picture is fetched from anybody. */
export function avatarOf(handle: string): { letters: string; hue: number } {
  const name = handle.replace(/^human-/, '');
  const parts = name.split(/[-_.]+/).filter(Boolean);
  const letters = (
    parts.length > 1 ? `${parts[0]?.[0]}${parts.at(-1)?.[0]}` : name.slice(0, 2)
  ).toUpperCase();
  let hash = 2166136261;
  for (const c of handle) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 16777619);
  return { letters, hue: (hash >>> 0) % HUES };
}
