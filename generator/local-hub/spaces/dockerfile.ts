import { basename } from 'node:path/posix';

/** How the hub starts a Space: the part of a Dockerfile it understands. */
export interface Launch {
  program: 'node' | 'python3';
  args: string[];
  env: Record<string, string>;
  /** Folder of the image the repository is copied to; `null` when the Dockerfile names none. */
  workdir: string | null;
  /** Lines that would change the image: the hub does not run them. */
  skipped: string[];
}

interface Line {
  word: string;
  rest: string;
}

/**
 * Reads `ENTRYPOINT` and `CMD` (JSON form, node or python3), `ENV` and `WORKDIR` of a Dockerfile's last stage. Nothing
 * is installed or copied: the program runs in a checkout of the repository.
 * @throws Error with a sentence for the build log
 */
export function readDockerfile(text: string): Launch {
  const lines = lastStage(linesOf(text));
  const [first, ...args] = [...command(lines, 'ENTRYPOINT'), ...command(lines, 'CMD')];
  const program = programOf(first ?? '');
  if (!program)
    throw new Error(
      'The embedded hub starts Spaces whose Dockerfile ends with CMD ["node", …] or ["python3", …].',
    );
  const workdir = lines.findLast(({ word }) => word === 'WORKDIR')?.rest.trim() ?? null;
  const skipped = lines
    .filter(({ word }) => word === 'RUN' || word === 'ADD')
    .map(({ word, rest }) => `${word} ${rest}`);
  return { program, args, env: readEnv(lines), workdir: workdir?.startsWith('/') ? workdir : null, skipped };
}

function linesOf(text: string): Line[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const found = /^([A-Za-z]+)\s+(.*)$/.exec(line.trim());
      return found ? [{ word: (found[1] as string).toUpperCase(), rest: found[2] as string }] : [];
    });
}

function lastStage(lines: Line[]): Line[] {
  return lines.slice(lines.findLastIndex(({ word }) => word === 'FROM') + 1);
}

/** An array in JSON; a command that is written in any other way counts as none. */
function command(lines: Line[], word: string): string[] {
  const line = lines.findLast((entry) => entry.word === word);
  return (line && parseArray(line.rest)) ?? [];
}

function programOf(path: string): Launch['program'] | undefined {
  const name = path.startsWith('/') ? basename(path) : path;
  if (name === 'node') return 'node';
  return /^python(3(\.\d+)?)?$/.test(name) ? 'python3' : undefined;
}

function readEnv(lines: Line[]): Record<string, string> {
  const pairs = lines
    .flatMap(({ word, rest }) => (word === 'ENV' ? [rest] : []))
    .flatMap((rest) => [...rest.matchAll(/(?<!\w)([A-Za-z_]\w*)=(?:"([^"]*)"|(\S*))/g)])
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
