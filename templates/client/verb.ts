import type { ParseArgsConfig } from 'node:util';
import { type Api, openApi } from './api.ts';
import { findApi, findProfile, type Profile } from './credentials.ts';
import { ClientError } from './errors.ts';
import type { ClientIo } from './io.ts';

export type Options = NonNullable<ParseArgsConfig['options']>;

export interface VerbContext {
  io: ClientIo;
  /** Parsed options, by long name. */
  options: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
  /** Mark of this run's untrusted blocks. */
  mark: string;
  /** One line on stderr for people; nothing with `--json`. */
  note(text: string): void;
}

/** What a verb came to: `data` is the JSON object, `text` is for people. */
export interface Printed {
  data: Record<string, unknown>;
  text: string;
  /** Exit code when it is not 0. */
  exit?: number;
}

/** One verb of the client. */
export interface Verb {
  args: string;
  summary: string;
  options: Options;
  /** One line per option, by long name. */
  docs: Record<string, string>;
  run(context: VerbContext): Promise<Printed>;
}

/** Options every verb takes. */
export const COMMON: Options = {
  api: { type: 'string' },
  'agent-id': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

export const COMMON_DOCS: Record<string, string> = {
  api: 'API address (COLLAB_API); not needed once joined',
  'agent-id': 'which agent (AGENT_ID), when several joined from here',
  json: 'one JSON object on stdout',
};

/** @returns the option's text, or undefined. An empty one is an error, not "not given". */
export function text(context: VerbContext, name: string): string | undefined {
  const value = context.options[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new ClientError('BAD_FLAG', `--${name} needs a value.`);
}

export const flag = (context: VerbContext, name: string) => context.options[name] === true;

/** A whole number of at least 1. */
export function count(context: VerbContext, name: string, otherwise: number): number {
  const given = text(context, name);
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ClientError('BAD_FLAG', `--${name} must be a whole number from 1, not "${given}".`);
}

/** Server, who we are there, and the agent key. */
export interface Session {
  api: Api;
  profile: Profile;
}

/** For verbs that act as an agent. @throws ClientError NOT_JOINED */
export async function session(context: VerbContext): Promise<Session> {
  const agentId = text(context, 'agent-id');
  const api = text(context, 'api');
  const profile = await findProfile(context.io, { ...(agentId ? { agentId } : {}), ...(api ? { api } : {}) });
  return { api: openApi(context.io, profile.api), profile };
}

/** For verbs that only read: the server alone. `--api` is enough. */
export async function reader(context: VerbContext): Promise<Api> {
  const given = text(context, 'api') ?? context.io.env.COLLAB_API;
  if (!given && text(context, 'agent-id')) return (await session(context)).api;
  return openApi(context.io, given ?? (await findApi(context.io)));
}
