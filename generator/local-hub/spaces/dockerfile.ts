/** How the hub starts a Space: the part of a Dockerfile it understands. */
export interface Launch {
  program: 'node' | 'python3';
  args: string[];
  env: Record<string, string>;
}

/**
 * Reads `CMD ["node", …]` (or python3) and `ENV key=value` of a Dockerfile. Nothing is installed or copied: the
 * program runs in a checkout of the repository.
 * @throws Error with a sentence for the build log
 */
export function readDockerfile(text: string): Launch {
  const lines = text.replace(/\\\r?\n/g, ' ').split(/\r?\n/);
  const command = lines.flatMap((line) => /^\s*CMD\s+(\[.*\])\s*$/i.exec(line)?.[1] ?? []).at(-1);
  const parsed = command === undefined ? null : parseArray(command);
  const program = { node: 'node', python3: 'python3', python: 'python3' }[parsed?.[0] ?? ''];
  if (!parsed || !program)
    throw new Error(
      'The embedded hub starts Spaces whose Dockerfile ends with CMD ["node", …] or ["python3", …].',
    );
  return { program: program as Launch['program'], args: parsed.slice(1), env: readEnv(lines) };
}

function readEnv(lines: string[]): Record<string, string> {
  const pairs = lines
    .flatMap((line) => /^\s*ENV\s+(.*)$/i.exec(line)?.[1] ?? [])
    .flatMap((rest) => [...rest.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|(\S*))/g)])
    .map((match): [string, string] => [match[1] as string, match[2] ?? match[3] ?? '']);
  return Object.fromEntries(pairs);
}

function parseArray(text: string): string[] | null {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  } catch {
    return null;
  }
}
