import type { Record_ } from '@collab/contract/schemas.ts';
import type { z } from 'zod';
import { oneLine, UNTRUSTED_NOTE, untrusted } from './untrusted.ts';

/** A page of records as the list routes answer with `expand`. */
export interface Page<T = Record_> {
  count: number;
  matched: number;
  items: T[];
  next: string | null;
  cursor: string | null;
  stale?: boolean;
}

/** The body and answer types of a declared route. */
export type BodyOf<R extends { body: z.ZodType | null }> = z.input<NonNullable<R['body']>>;
export type AnswerOf<R extends { response: z.ZodType | null }> = z.output<NonNullable<R['response']>>;

const field = (record: Record_, key: string) => {
  const value = record.frontmatter[key];
  return value === undefined || value === null ? '' : oneLine(String(value));
};

/** Messages for reading: who, when, what it answers, then the text as data. */
export function printMessages(page: Page, mark: string, empty: string): string {
  if (page.items.length === 0) return empty;
  const blocks = page.items.map((item) => {
    const refs = field(item, 'refs');
    const head = [
      oneLine(item.filename),
      field(item, 'timestamp'),
      field(item, 'type'),
      refs && `answers ${refs}`,
    ].filter(Boolean);
    const summary = field(item, 'summary');
    const body = summary ? `${summary}\n\n${item.body}` : item.body;
    return `${head.join(' · ')}\n${untrusted(body, field(item, 'agent') || 'unknown', mark)}`;
  });
  const more = page.next ? [`More: --before or --after ${page.next}`] : [];
  const stale = page.stale ? ['The Hub did not answer: this is the last good picture.'] : [];
  return [UNTRUSTED_NOTE, ...stale, ...blocks, ...more].join('\n\n');
}
