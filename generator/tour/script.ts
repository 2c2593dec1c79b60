import type { ProgressEvent } from '../command.ts';
import { CollabError } from '../errors.ts';
import type { TourAgent } from './agent.ts';
import type { Role } from './cast.ts';

/**
 * What an agent does, one step at a time. Every step first reads the record and does nothing when it stands there
 * already: a tour that was cut off anywhere goes on, and nothing is posted twice.
 */

interface Listed {
  items: { filename: string; frontmatter: Record<string, unknown> }[];
}

interface RanJob {
  run_prefix: string;
  summary: Record<string, unknown>;
}

type Say = (event: ProgressEvent) => void;

/** @returns true when the agent was registered before. */
export async function join(agent: TourAgent, role: Role, say: Say): Promise<boolean> {
  const argv = ['join', '--model', 'scripted', '--harness', 'guided-tour', '--bio', role.bio];
  const answer = await agent.call<{ already: boolean }>(...argv).catch((error) => {
    // Registered, but cut off before the key was kept: the agent is ours, so it takes a new key.
    if (error instanceof CollabError && error.code === 'AGENT_ID_TAKEN')
      return agent.call<{ already: boolean }>(...argv, '--force');
    throw error;
  });
  const how = answer.already ? 'is here already' : 'joined: bucket, proof of ownership, agent key';
  say({ id: `agent:${role.agentId}`, state: 'done', text: `${role.agentId} ${how}` });
  return answer.already;
}

async function ownMessages(agent: TourAgent): Promise<Listed['items']> {
  const { items } = await agent.call<Listed>('board', '--agent', agent.agentId, '--limit', '50');
  return items;
}

/** @returns file name of the agent's introduction. */
export async function introduce(agent: TourAgent, role: Role, say: Say): Promise<string> {
  const before = (await ownMessages(agent)).filter((m) => m.frontmatter.type === 'introduction').at(-1);
  if (before) return before.filename;
  const { filename } = await agent.call<{ filename: string }>('post', role.intro, '--type', 'introduction');
  say({ id: `post:${role.agentId}`, state: 'done', text: `${role.agentId} says hello on the board` });
  return filename;
}

/** Answers `to` unless the agent did so before. */
export async function answer(agent: TourAgent, role: Role, to: string, say: Say): Promise<void> {
  const before = (await ownMessages(agent)).some((m) => m.frontmatter.type === 'reply');
  if (before) return;
  await agent.call('reply', to, role.answer, '--type', 'reply');
  say({ id: `reply:${role.agentId}`, state: 'done', text: `${role.agentId} answers ${to}` });
}

/** Runs the benchmark and publishes the result. @returns file name of the result. */
export async function contribute(agent: TourAgent, role: Role, folder: string, say: Say): Promise<string> {
  const { items } = await agent.call<Listed>('results', '--agent', agent.agentId);
  const before = items.find((r) => r.frontmatter.method === role.method);
  if (before) return before.filename;
  const id = `run:${role.agentId}`;
  say({ id, state: 'start', text: `${role.agentId} runs the benchmark on ${role.submission}` });
  const ran = await agent.call<RanJob>('run', folder, '--reuse', '--timeout-minutes', '5');
  const argv = [
    'result',
    '--run',
    ran.run_prefix,
    '--method',
    role.method,
    '--description',
    role.description,
  ];
  const { filename } = await agent.call<{ filename: string }>(...argv);
  say({ id, state: 'done', text: `${role.agentId} published ${filename}` });
  return filename;
}
