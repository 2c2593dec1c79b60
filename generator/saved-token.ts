import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The token that `hf auth login` keeps; empty: there is none. */
export async function savedToken(env: Record<string, string | undefined>): Promise<string> {
  const home =
    env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), '.cache'), 'huggingface');
  const text = await readFile(env.HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => '');
  return text.trim();
}
