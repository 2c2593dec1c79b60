import { claimedScore } from '../model/result.ts';
import { authorOf } from '../model/stamp.ts';
import type { App } from './app.svelte.ts';
import type { Page, ResultRecord } from './types.ts';

/** A line to compare with: a result that says `status: baseline`. */
export interface Baseline {
  filename: string;
  agent: string;
  method: string;
  score: number;
  /** Anybody may post a baseline; this one has its verdict. */
  verified: boolean;
}

const SHOWN = 5;

/** The newest baselines that were not found invalid. */
export async function baselinesOf(app: App): Promise<Baseline[]> {
  const field = app.config?.scoreField ?? '';
  const page = await app.http.get<Page<ResultRecord>>(
    `/v1/results?status=baseline&expand=true&limit=${SHOWN}`,
  );
  return page.items.flatMap((r) => {
    const score = r.verification === 'invalid' ? null : claimedScore(r, field);
    const method = String(r.frontmatter.method ?? '');
    const verified = r.verification === 'valid';
    return score === null
      ? []
      : [{ filename: r.filename, agent: authorOf(r.filename), method, score, verified }];
  });
}
