import { describe, expect, it } from 'vitest';
import { gamingHints } from '../../generator/config/gaming.ts';
import type { Gate } from '../../generator/config/types.ts';

const metric = (field: string, label: string, unit: string) => ({ field, label, unit });
const gate = (id: string): Gate => ({ id, field: id, op: '<=', limit: 1, when: 'every', doc: '' });

describe('how could this be gamed', () => {
  it.each([
    ['tps', 'Tokens per second', 'tokens/s', 'output_length'],
    ['bytes', 'Compressed size', 'bytes', 'total_bytes'],
    ['latency', 'Latency', 'ms', 'output_length'],
  ])('%s is answered with the counter-gate %4$s', (field, label, unit, counter) => {
    const [hint] = gamingHints({ metric: metric(field, label, unit), gates: [] });
    expect(hint).toMatchObject({ about: label, counter: { id: counter } });
  });

  it('perplexity alone is answered with an audit of what was emitted', () => {
    const hints = gamingHints({ metric: metric('tps', 'TPS', 'tokens/s'), gates: [gate('ppl')] });
    expect(hints[1]).toMatchObject({ about: 'ppl', counter: { id: 'audit_top1' } });
  });

  it('what is there already is not proposed again', () => {
    const gates = [gate('ppl'), gate('audit_top1'), gate('output_length')];
    const hints = gamingHints({ metric: metric('tps', 'TPS', 'tokens/s'), gates });
    expect(hints.map(({ counter }) => counter)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('every metric and gate gets a hint', () => {
    const hints = gamingHints({ metric: metric('beauty', 'Beauty', 'points'), gates: [gate('politeness')] });
    expect(hints.map(({ about }) => about)).toEqual(['Beauty', 'politeness']);
    for (const { attack, advice } of hints) expect(attack.length + advice.length).toBeGreaterThan(60);
  });
});
