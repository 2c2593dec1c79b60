import { pathProblem, sharedPrefix } from '@collab/contract/paths.ts';

/**
 * Where an agent may copy shared files to: a path of its own, marked `_{agent}`, never the harness, whose folder is
 * the organizers' alone. @returns the prefix with a trailing slash
 */
export function sharedDestination(
  destPath: string,
  agent: string,
  harnessPrefix: string,
  marks: (path: string, agent: string) => boolean,
): { prefix: string } | { problem: string; hint?: string } {
  const problem = pathProblem(destPath);
  if (problem) return { problem: `dest_path: ${problem}` };
  const path = destPath.replace(/\/+$/, '');
  if (!marks(path, agent))
    return {
      problem: `dest_path must carry the marker _${agent}`,
      hint: `for example tokenizers/bpe_${agent}`,
    };
  const prefix = sharedPrefix(`${path}/`);
  const harness = `${harnessPrefix.replace(/\/+$/, '')}/`;
  if (prefix.startsWith(harness) || harness.startsWith(prefix))
    return { problem: 'the harness folder belongs to the organizers' };
  if (/(^|\/)readme\.md$/i.test(path)) return { problem: 'README.md is reserved' };
  return { prefix };
}
