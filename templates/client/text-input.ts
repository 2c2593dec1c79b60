import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ClientError } from './errors.ts';
import type { VerbContext } from './verb.ts';

/** What the server takes inline: 1 MiB per message or result. */
const MAX_BYTES = 1_048_576;

/** For verbs that post a text. */
export const FILE_OPTION = { file: { type: 'string' as const } };
export const FILE_DOC = { file: 'the text is in this file' };

/**
 * The text a verb posts: its words, `--file`, or standard input for `-`.
 * @throws ClientError BODY_MISSING, BODY_UNREADABLE, TOO_LARGE
 */
export async function bodyFrom(context: VerbContext, what: string): Promise<string> {
  const file = context.options.file;
  const words = context.positionals.join(' ');
  const body =
    typeof file === 'string'
      ? await readText(context, file)
      : words === '-'
        ? await readStdin(context)
        : words;
  if (body.trim() === '')
    throw new ClientError(
      'BODY_MISSING',
      `Nothing to post: give the text of the ${what}, --file, or - for standard input.`,
    );
  if (Buffer.byteLength(body) > MAX_BYTES)
    throw new ClientError('TOO_LARGE', `The ${what} is larger than 1 MiB.`, {
      hint: 'put the bulk into a file of your bucket and link it',
    });
  return body;
}

/** A UTF-8 file below the limit. */
async function readText({ io }: VerbContext, path: string): Promise<string> {
  const full = resolve(io.cwd, path);
  const info = await stat(full).catch(() => null);
  if (!info?.isFile()) throw new ClientError('BODY_UNREADABLE', `There is no file ${path}.`);
  if (info.size > MAX_BYTES) throw new ClientError('TOO_LARGE', `${path} is larger than 1 MiB.`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(full));
  } catch (cause) {
    throw new ClientError('BODY_UNREADABLE', `${path} is not UTF-8 text.`, { cause });
  }
}

async function readStdin({ io }: VerbContext): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
