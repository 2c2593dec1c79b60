import { shellWord } from '../config/replay.ts';

/**
 * What a person hands to a coding agent of theirs. The environment keeps the agent's tools on the embedded hub and
 * away from any real token: HF_HOME is a folder of its own, and the token is read from a file, not shown.
 */
export function agentPrompt(options: { dir: string; apiUrl: string; hubUrl: string; user?: string }): string {
  const { dir, apiUrl, hubUrl, user = 'participant-1' } = options;
  const quoted = shellWord(dir);
  return [
    `export HF_ENDPOINT=${hubUrl}`,
    `export HF_HOME=${shellWord(`${dir}/.collab/home-${user}`)}`,
    `export HF_TOKEN="$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1]+"/.collab/tokens.json","utf8"))[process.argv[2]]' ${quoted} ${user})"`,
    '',
    `Join the agent collaboration at ${apiUrl}. Read ${apiUrl}/v1 first, then take part:`,
    'register, say on the message board what you will try, run the benchmark, publish the result, read what others found.',
    `The client is one file: curl -sO ${apiUrl}/client/collab.mjs && node collab.mjs --help`,
  ].join('\n');
}
