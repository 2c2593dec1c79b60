import type { Next } from '../errors.ts';

/** Tokens of a session; absent where the log does not say. */
export interface Usage {
  total_tokens?: number;
  input_tokens?: number;
  output_tokens?: number;
  cache_read_tokens?: number;
  cache_creation_tokens?: number;
  reasoning_tokens?: number;
}

/** What a log comes to. Nothing of its text is in here. */
export interface TraceStats {
  session_id: string;
  model?: string;
  /** ISO 8601. */
  started_at?: string;
  ended_at?: string;
  usage?: Usage;
  cost_usd?: number;
  activity: { tool_calls: number; tool_calls_by_name: Record<string, number> };
  extensions: Record<string, number>;
}

/** A session found on this machine. */
export interface TraceLog {
  /** The native log; for harnesses that keep a session in many files, the first of them. */
  file: string;
  mtimeMs: number;
  /** Logs of sub-agents and further files of the same session. */
  more: string[];
  /** True: it is surely the session of this directory (or was named). */
  certain: boolean;
}

export interface Place {
  env: Record<string, string | undefined>;
  home: string;
  cwd: string;
}

/** Knows where one harness keeps its logs and how to read them. */
export interface Adapter {
  harness: string;
  /** The harness says of itself that it is running us. */
  announced(env: Place['env']): boolean;
  /** Sessions of the working directory, newest first. */
  find(place: Place): Promise<TraceLog[]>;
  /** What makes a file of its sessions, where they are no files. */
  elsewhere?(place: Place): Promise<Next[]>;
  read(log: TraceLog): Promise<TraceStats>;
}
