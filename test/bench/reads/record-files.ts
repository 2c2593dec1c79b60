/** A record of the Gemma challenge's size as files of the central bucket. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { GEMMA_SIZE, seededRecord } from '../../helpers/seeded-record.ts';

/** @returns an agent with an inbox, a message in the middle and the newest one. */
export async function writeRecord(dir: string): Promise<{ agent: string; middle: string; newest: string }> {
  const record = seededRecord(GEMMA_SIZE);
  const put = async (path: string, head: object, body = '') => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), `---\n${stringify(head)}---\n\n${body}\n`);
  };
  for (const { id, user, model, harness } of record.agents)
    await put(`agents/${id}.md`, {
      agent_name: id,
      agent_model: model,
      agent_harness: harness,
      hf_user: user,
    });
  for (const { filename, frontmatter, body } of record.messages) {
    await put(`message_board/${filename}`, frontmatter, body);
    for (const [, to] of body.matchAll(/@([a-z0-9-]+)/g))
      await put(`inbox/${to}/${filename}`, frontmatter, body);
    if ('broadcast' in frontmatter) await put(`broadcasts/${filename}`, frontmatter, body);
  }
  for (const { filename, frontmatter, body } of record.results)
    await put(`results/${filename}`, frontmatter, body);
  const name = (at: number) => record.messages[at]?.filename ?? '';
  const agent =
    record.agents.find(({ id }) => record.messages.some((m) => m.body.includes(`@${id}`)))?.id ?? '';
  return { agent, middle: name(record.messages.length >> 1), newest: name(record.messages.length - 1) };
}
