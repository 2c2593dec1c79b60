import { ClientError } from '../errors.ts';
import type { TraceStats } from './types.ts';

export interface ManifestOptions {
  harness: string;
  resultRef?: string;
  /** Name of the log beside the manifest, when it is shared. */
  nativeLogFile?: string;
  redactions?: number;
}

/** Harnesses whose logs always hold tokens and tool calls: without them something was misread. */
const COMPLETE = new Set(['claude-code', 'codex']);

/**
 * The manifest a trace is published with: frontmatter in JSON, which is YAML.
 * @throws ClientError TRACE_UNREADABLE, BAD_SESSION_ID
 */
export function manifestOf(stats: TraceStats, options: ManifestOptions): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(stats.session_id))
    throw new ClientError(
      'BAD_SESSION_ID',
      'The log names its session in a way that cannot be a folder name.',
    );
  if (COMPLETE.has(options.harness) && !stats.usage)
    throw new ClientError(
      'TRACE_UNREADABLE',
      `This ${options.harness} log reports no tokens; its format may be new.`,
      {
        next: [{ command: 'node collab.mjs share-trace --transcript <file>', why: 'names another log' }],
      },
    );
  const { extensions, ...rest } = stats;
  const head = {
    schema_version: 1,
    adapter_version: 2,
    harness: options.harness,
    ...rest,
    ...(options.resultRef ? { result_ref: options.resultRef } : {}),
    ...(options.nativeLogFile ? { native_log_file: options.nativeLogFile } : {}),
    extensions: { ...extensions, ...(options.redactions ? { redactions: options.redactions } : {}) },
  };
  return `---\n${JSON.stringify(head, null, 2)}\n---\n`;
}
