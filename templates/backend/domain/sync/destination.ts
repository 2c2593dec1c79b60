import { pathProblem, SAMPLES, sharedPrefix } from '@collab/contract/paths.ts';

/**
 * Where an agent may copy shared files to: a path of its own, marked `_{agent}`, never the folders of the harness and
 * of the samples, which are the organizers' alone. @returns the prefix with a trailing slash
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
  const owned = [harnessPrefix, SAMPLES].map((folder) => `${folder.replace(/\/+$/, '')}/`);
  if (owned.some((folder) => prefix.startsWith(folder) || folder.startsWith(prefix)))
    return { problem: 'the folders of the harness and of the samples belong to the organizers' };
  if (/(^|\/)readme\.md$/i.test(path)) return { problem: 'README.md is reserved' };
  return { prefix };
}
