import { EVALUATOR_KEY_PREFIX } from '@collab/contract/routes/evaluator.ts';
import { expect, it } from 'vitest';
import { KEY_PREFIX } from './auth/keys.ts';
import { createLog } from './log.ts';

it.each(['hf_', KEY_PREFIX, EVALUATOR_KEY_PREFIX, 'Bearer '])(
  'no line holds what begins with %s',
  (prefix) => {
    const lines: string[] = [];
    const secret = `${prefix}0123456789abcdef`;
    createLog((line) => lines.push(line), Date.now)('warn', 'x', {
      text: `sent ${secret}`,
      error: new Error(`with ${secret}`),
      deep: [{ text: secret }],
    });
    expect(lines.join()).not.toContain('0123456789abcdef');
  },
);
