/** Taskforces: a folder with a README of its creator, stamped notes and named files of everybody. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { agentPath, folderOf, pathProblem, taskforcePrefix } from '@collab/contract/paths.ts';
import {
  getTaskforce,
  getTaskforceFile,
  listNotes,
  listTaskforceFiles,
  listTaskforces,
} from '@collab/contract/routes/taskforces.ts';
import {
  excerpt,
  isNote,
  type Taskforce,
  taskforceOf,
  taskforcesOf,
} from '../domain/taskforces/taskforce.ts';
import { handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Entry, FolderView } from '../store/types.ts';
import { listAnswer, recordBody, untrusted } from './records.ts';

const RECENT_NOTES = 5;

export const routes: RouteModule = (s) => [
  handle(listTaskforces, async ({ query }) => {
    const all = taskforcesOf(s.store.below('taskforces/'), (id) => isAgent(s, id));
    const readmes = await s.store.read(all.map((each) => each.readme));
    const q = query.q?.toLowerCase();
    const named = all.map((each, at) => ({ each, body: readmes[at]?.body ?? '' }));
    const found = named.filter(
      ({ each, body }) => !q || each.name.includes(q) || body.toLowerCase().includes(q),
    );
    const items = found.slice(0, query.limit).map(({ each, body }) => ({
      name: each.name,
      creator: each.creator,
      created: each.created,
      readme_excerpt: excerpt(body),
      ...activityOf(each),
      last_activity: each.lastActivity,
    }));
    return {
      body: { count: all.length, matched: found.length, items, ...(s.store.stale && { stale: true }) },
    };
  }),
  handle(getTaskforce, async ({ params }) => {
    const taskforce = existing(s, params.name);
    const [readme, ...notes] = await s.store.read([
      taskforce.readme,
      ...taskforce.notes.slice(-RECENT_NOTES).reverse(),
    ]);
    const { name, creator, created, updated } = taskforce;
    const filename = 'README.md';
    return {
      body: {
        name,
        creator,
        created,
        updated,
        readme: {
          filename,
          frontmatter: taskforce.readme.frontmatter,
          body: readme?.body ?? '',
          ...untrusted(s),
        },
        ...activityOf(taskforce),
        recent_notes: notes.map((note) => recordBody(s, note)),
      },
    };
  }),
  handle(listNotes, (call) => {
    const { name } = existing(s, call.params.name);
    const { type, via } = call.query;
    const only = (entry: Entry) => isNote(name, entry.path);
    return listAnswer(s, notesView(s, name), call.query, { type, via }, undefined, only);
  }),
  handle(listTaskforceFiles, ({ params }) => {
    const { name } = existing(s, params.name);
    const prefix = taskforcePrefix(name);
    const items = s.store.below(prefix).map(({ path, size }) => ({ path: path.slice(prefix.length), size }));
    return { body: { count: items.length, items } };
  }),
  handle(getTaskforceFile, ({ params }) => serveFile(s, params)),
];

function isAgent(s: Services, id: string): boolean {
  return s.store.get(agentPath(id)) !== null;
}

/** Notes alone: named files are not counted among them. */
function notesView(s: Services, name: string): FolderView {
  const folder = s.store.folder(folderOf(taskforcePrefix(name)));
  const notes = folder.entries().filter((entry) => isNote(name, entry.path));
  const where: FolderView['where'] = (facet, value) => folder.where(facet, value);
  return { version: folder.version, count: notes.length, entries: () => notes, where };
}

export function checkedName(name: string): string {
  const problem = agentIdProblem(name);
  if (problem)
    throw new ApiError('INVALID_PATH', problem.message.replace('agent_id', 'taskforce name'), {
      hint: problem.hint,
    });
  return name;
}

export function existing(s: Services, name: string): Taskforce {
  const found = taskforceOf(checkedName(name), s.store.below(taskforcePrefix(name)), (id) => isAgent(s, id));
  if (found) return found;
  throw new ApiError('TASKFORCE_NOT_FOUND', `no such taskforce: ${name}`, {
    hint: 'GET /v1/taskforces lists them',
  });
}

const activityOf = ({ contributors, fileCount, notes }: Taskforce) => ({
  contributors,
  file_count: fileCount,
  note_count: notes.length,
});

const MAX_SERVED_BYTES = 64 * 1024 * 1024;
const PLAIN = /\.(txt|md|csv|json|jsonl|ya?ml|toml|py|ts|js|sh|c|h|cpp|rs|log)$/i;

/** Never a page of this origin: plain text is shown, everything else is a download. */
async function serveFile(s: Services, params: { name: string; path: string }) {
  const { name } = existing(s, params.name);
  const problem = pathProblem(params.path);
  if (problem) throw new ApiError('INVALID_PATH', problem);
  const entry = s.store.get(`${taskforcePrefix(name)}${params.path}`);
  const bytes = entry && (await s.store.bytes(entry.path, MAX_SERVED_BYTES));
  if (!bytes) throw new ApiError('NOT_FOUND', 'no such file in this taskforce');
  const plain = PLAIN.test(params.path);
  const markdown = params.path.endsWith('.md');
  const type = markdown
    ? 'text/markdown; charset=utf-8'
    : plain
      ? 'text/plain; charset=utf-8'
      : 'application/octet-stream';
  const headers = {
    'Content-Type': type,
    'Content-Disposition': plain && !markdown ? 'inline' : 'attachment',
  };
  return { headers, raw: bytes };
}
