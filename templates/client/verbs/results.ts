import type { Record_, VerificationState } from '@collab/contract/schemas.ts';
import type { Page } from '../records.ts';
import { oneLine, UNTRUSTED_NOTE, untrusted } from '../untrusted.ts';
import { count, reader, text, type Verb } from '../verb.ts';

type ResultRecord = Record_ & { verification: VerificationState };

const FILTERS = ['agent', 'status', 'verification', 'q', 'since', 'after', 'before'];

export const results: Verb = {
  args: '',
  summary: 'read published results',
  options: {
    ...Object.fromEntries(FILTERS.map((name) => [name, { type: 'string' as const }])),
    limit: { type: 'string' },
  },
  docs: {
    agent: 'only by this author',
    status: 'agent-run or negative',
    verification: 'states to show: pending,valid,invalid',
    q: 'only with this text',
    since: 'only since this time (ISO 8601)',
    after: 'only newer than this file name, oldest first',
    before: 'only older than this file name',
    limit: 'at most so many (10)',
  },
  async run(context) {
    const api = await reader(context);
    const query = Object.fromEntries(FILTERS.map((name) => [name, text(context, name)]));
    const page = await api.call<Page<ResultRecord>>('/v1/results', {
      query: { expand: true, limit: count(context, 'limit', 10), ...query },
    });
    const blocks = page.items.map((item) => {
      const words = Object.entries(item.frontmatter).map(
        ([key, value]) => `${key}: ${JSON.stringify(value)}`,
      );
      const by = String(item.frontmatter.agent ?? 'unknown');
      return `${oneLine(item.filename)} · ${item.verification}\n${untrusted(words.join('\n'), by, context.mark)}`;
    });
    const shown = blocks.length > 0 ? [UNTRUSTED_NOTE, ...blocks] : ['No results yet.'];
    return { data: { ...page }, text: shown.join('\n\n') };
  },
};
