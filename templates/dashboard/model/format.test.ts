import { describe, expect, it } from 'vitest';
import { formatAgo, formatDuration, formatInterval, formatScore } from './format.ts';

describe('numbers', () => {
  it.each([
    [491.8, undefined, '491.80'],
    [0.99351, undefined, '0.9935'],
    [12345.678, undefined, '12,346'],
    [0, undefined, '0'],
    [-0, undefined, '0'],
    [-3.25, undefined, '-3.25'],
    [1.5e12, undefined, '1.50e+12'],
    [0.00012, undefined, '1.20e-4'],
    [null, undefined, '–'],
    [1e200, '1'.repeat(201), '1.000e+200'],
  ])('%s', (value, exact, text) => {
    expect(formatScore(value, exact)).toBe(text);
  });
  it.each([
    [[468.9, 480.3] as [number, number], '± 5.7'],
    [null, ''],
    [[1, 1] as [number, number], '± 0'],
  ])('interval %j', (ci, text) => {
    expect(formatInterval(ci)).toBe(text);
  });
  it.each([
    [0, 'just now'],
    [-300_000, '5 min. ago'],
    [-86_400_000 * 3, '3 days ago'],
  ])('%d ms', (d, text) => {
    expect(formatAgo(1e12 + d, 1e12)).toBe(text);
  });
  it.each([
    [4, '4 s'],
    [600, '10 min'],
    [7500, '2 h 05 min'],
  ])('%d s', (s, text) => {
    expect(formatDuration(s)).toBe(text);
  });
});
