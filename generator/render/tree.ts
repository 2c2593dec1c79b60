/** Entries → finished files, through plop's action runner: `render` and `copy` are our own actions, nothing touches the disk. */

import type { TreeEntry } from '../plan/files.ts';
import type { PlannedFile } from '../plan/types.ts';
import { renderText } from './handlebars.ts';
import type { View } from './view.ts';

interface EntryAction {
  type: TreeEntry['how'];
  path: string;
  entry: TreeEntry;
}

/** @throws Error when a template names what the view does not have. */
export async function renderTree(entries: TreeEntry[], view: View): Promise<PlannedFile[]> {
  const { default: nodePlop } = await import('node-plop');
  const plop = await nodePlop('', { destBasePath: '/', force: false });
  const files: PlannedFile[] = [];
  const add = (entry: TreeEntry, content: Uint8Array) => {
    files.push({ path: entry.path, content, how: entry.how, mode: modeOf(content) });
    return entry.path;
  };
  plop.setActionType('copy', (_answers, config) => {
    const { entry } = config as unknown as EntryAction;
    return add(entry, entry.content);
  });
  plop.setActionType('render', async (answers, config) => {
    const { entry } = config as unknown as EntryAction;
    const source = Buffer.from(entry.content).toString('utf8');
    return add(entry, Buffer.from(await renderText(source, answers, entry.from)));
  });
  const generator = plop.setGenerator('challenge', {
    description: 'challenge repository',
    prompts: async () => view,
    actions: entries.map((entry): EntryAction => ({ type: entry.how, path: entry.path, entry })) as never,
  });
  const { failures } = await generator.runActions(await generator.runPrompts());
  if (failures.length > 0) throw new Error(failures.map((failure) => failure.error).join('\n'));
  return files;
}

const modeOf = (content: Uint8Array) => (content[0] === 0x23 && content[1] === 0x21 ? 0o755 : 0o644);
