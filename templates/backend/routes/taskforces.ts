/** Taskforces: a folder with a README of its creator, stamped notes and named files of everybody. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { agentPath, pathProblem, taskforcePrefix } from '@collab/contract/paths.ts';
import {
  getTaskforce,
  getTaskforceFile,
  listNotes,
  listTaskforceFiles,
  listTaskforces,
} from '@collab/contract/routes/taskforces.ts';
import { getMimeType } from 'hono/utils/mime';
import {
  excerpt,
  type Reading,
  type Taskforce,
  taskforceOf,
  taskforcesOf,
} from '../domain/taskforces/taskforce.ts';
import { handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { limiter } from '../store/bodies.ts';
import { facetValue } from '../store/index-data.ts';
import type { FolderView } from '../store/types.ts';
import { readerLimit } from './reader-limit.ts';
import { inTurn, listAnswer, recordBody, untrusted } from './records.ts';

const RECENT_NOTES = 5;

const FILES_PER_MINUTE = 240;

export const routes: RouteModule = (s) => {
  const admit = readerLimit(s, FILES_PER_MINUTE, 'files');
  const slot = limiter(4);
  return [
    handle(listTaskforces, async (call) => {
      const { query } = call;
      const all = taskforcesOf(s.store.below('taskforces/'), readingOf(s));
      const q = query.q?.toLowerCase();
      const found: { each: Taskforce; text: string }[] = [];
      let i = 0;
      for await (const { record } of inTurn(
        s,
        call,
        all.map((each) => each.readme),
      )) {
        const each = all[i++] as Taskforce;
        if (!q || each.name.includes(q) || record.body.toLowerCase().includes(q))
          found.push({ each, text: excerpt(record.body) });
      }
      const items = found.slice(0, query.limit).map(({ each, text }) => ({
        name: each.name,
        creator: each.creator,
        created: each.created,
        readme_excerpt: text,
        ...activityOf(each),
        last_activity: each.lastActivity,
      }));
      return {
        body: { count: all.length, matched: found.length, items, ...(s.store.stale && { stale: true }) },
      };
    }),
    handle(getTaskforce, async (call) => {
      const { params } = call;
      const taskforce = existing(s, params.name);
      const recent = taskforce.notes.slice(-RECENT_NOTES).reverse();
      const [readme, ...notes] = await s.store.read([taskforce.readme, ...recent], call);
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
      const { type, via } = call.query;
      return listAnswer(s, call, notesView(existing(s, call.params.name)), { type, via });
    }),
    handle(listTaskforceFiles, ({ params }) => {
      const { name } = existing(s, params.name);
      const prefix = taskforcePrefix(name);
      const items = s.store
        .below(prefix)
        .map(({ path, size }) => ({ path: path.slice(prefix.length), size }));
      return { body: { count: items.length, items } };
    }),
    handle(getTaskforceFile, ({ params, ip }) => {
      admit(ip);
      return slot(() => serveFile(s, params));
    }),
  ];
};

const readingOf = (s: Services): Reading => ({
  isAgent: (id) => s.store.get(agentPath(id)) !== null,
  loose: s.profile.compat,
});

/** Notes alone: named files are not counted among them. */
function notesView({ notes }: Taskforce): FolderView {
  const where: FolderView['where'] = (facet, value) =>
    notes.filter((note) => facetValue(note, facet) === value);
  return { version: 0, count: notes.length, entries: () => notes, where };
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
  const found = taskforceOf(checkedName(name), s.store.below(taskforcePrefix(name)), readingOf(s));
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

/** Four of them are in hand at a time; what waits for its reader is counted where it leaves. */
const MAX_SERVED_BYTES = 16 * 1024 * 1024;
const PLAIN = /\.(txt|md|csv|json|jsonl|ya?ml|toml|py|ts|js|sh|c|h|cpp|rs|log)$/i;

/** Never a page of this origin: plain text is shown, everything else is a download. */
async function serveFile(s: Services, params: { name: string; path: string }) {
  const { name } = existing(s, params.name);
  const problem = pathProblem(params.path);
  if (problem) throw new ApiError('INVALID_PATH', problem);
  const entry = s.store.get(`${taskforcePrefix(name)}${params.path}`);
  if (entry && entry.size > MAX_SERVED_BYTES)
    throw new ApiError('TOO_LARGE', `the file has ${entry.size} bytes, over ${MAX_SERVED_BYTES}`, {
      hint: `hf buckets cp hf://buckets/${s.settings.CENTRAL_BUCKET}/${entry.path} .`,
    });
  const bytes = entry && (await s.store.bytes(entry.path, MAX_SERVED_BYTES));
  if (!bytes) throw new ApiError('NOT_FOUND', 'no such file in this taskforce');
  const plain = !params.path.endsWith('.md') && PLAIN.test(params.path);
  const headers = {
    'Content-Type': typeOf(s, params.path),
    'Content-Disposition': plain && !s.profile.compat ? 'inline' : 'attachment',
  };
  return { headers, raw: bytes };
}

/** The reference guesses the type; as a download under this server's policy it runs nowhere. */
function typeOf({ profile }: Services, path: string): string {
  if (path.endsWith('.md')) return 'text/markdown; charset=utf-8';
  const guessed = profile.compat ? mimeOf(path) : PLAIN.test(path) && 'text/plain; charset=utf-8';
  return guessed || 'application/octet-stream';
}

const mimeOf = (path: string) => (path.endsWith('.py') ? 'text/x-python' : getMimeType(path));
