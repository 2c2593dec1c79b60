import { VERBS } from './verbs.ts';

const COMMAND = new RegExp(`\\bcreate-collab(?= (?:${Object.keys(VERBS).join('|')})\\b)`, 'g');

/**
 * How the commands of a text have to be typed where this process was started: `create-collab` is on no PATH under npx,
 * nor under `npm start` in a checkout.
 */
export function asCalled(env: Record<string, string | undefined>, text: string): string {
  const { npm_command, npm_lifecycle_script = '', npm_lifecycle_event, npm_package_name } = env;
  if (npm_command === 'exec' && /^["']?create-collab\b/.test(npm_lifecycle_script))
    return text.replace(COMMAND, 'npx create-collab');
  if (npm_lifecycle_event === 'start' && npm_package_name === 'create-collab')
    return text.replace(COMMAND, 'node dist/cli.mjs');
  return text;
}
