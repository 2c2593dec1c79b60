import type { ParseArgsConfig } from 'node:util';
import type { NextStep } from './errors.ts';
import type { Io } from './io.ts';

/** Progress of long work: one line on a pipe, a spinner on a terminal, one NDJSON line on stderr with `--json`. */
export interface ProgressEvent {
  /** Stable id of the operation: `bucket:central`. */
  id: string;
  state: 'start' | 'done' | 'failed' | 'info';
  text: string;
  ms?: number;
}

/** What a verb came to. `text` is for people; `data` is spread into the JSON object. */
export interface Outcome {
  status: 'ok' | 'changes' | 'action_required' | 'error';
  text: string;
  data?: Record<string, unknown>;
  next?: NextStep[];
}

export interface CommandContext {
  io: Io;
  /** Parsed options, by long name. */
  options: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
  json: boolean;
  verbose: boolean;
  progress(event: ProgressEvent): void;
}

/** One verb. `run` never calls `process.exit` and never writes the final result itself: it returns it. */
export interface Command {
  name: string;
  /** `[dir]`, `run|prepare|… [dir]`. */
  args: string;
  summary: string;
  /** `--json`, `--verbose` and `--help` are added by main. */
  options: NonNullable<ParseArgsConfig['options']>;
  /** One line per option, by long name. */
  optionDocs: Record<string, string>;
  run(context: CommandContext): Promise<Outcome>;
}
