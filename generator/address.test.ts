import { expect, it } from 'vitest';
import { urlAt } from './address.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:7860'],
  ['192.0.2.7', 'http://192.0.2.7:7860'],
  ['0.0.0.0', 'http://127.0.0.1:7860'],
  ['::', 'http://127.0.0.1:7860'],
  ['::1', 'http://[::1]:7860'],
])('what listens on %s is reached at %s', (host, url) => {
  expect(urlAt(host, 7860)).toBe(url);
});
