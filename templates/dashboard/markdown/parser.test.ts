import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/helpers/cpu.ts';
import { toHtml } from './parser.ts';
import { PART } from './parts.ts';

describe('Markdown', () => {
  it.each([
    ['raw HTML is text', '<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['script addresses are no links', '[x](javascript:alert(1))', '[x](javascript:alert(1))'],
    ['images are links', '![cat](https://x.example/a.png)', '<a href="https://x.example/a.png">▣ cat</a>'],
    ['mentions are links', 'hi @ada', '<a class="mention" href="#/agents/ada">@ada</a>'],
    [
      'people look different',
      '@human-ada',
      '<a class="mention human" href="#/agents/human-ada">@human-ada</a>',
    ],
    ['code keeps its at signs', '`@ada`', '<code>@ada</code>'],
    ['math waits as text', '$a<b$', '<span class="math">a&lt;b</span>'],
    ['long formulas scroll', '$$\na\n$$', '<span class="math math-block" tabindex="0">a'],
    ['boxes', '- [x] done', '<li>☑ done</li>'],
    ['tables scroll', '|a|\n|-|\n|b|', '<div class="table-scroll" tabindex="0"><table>'],
  ])('%s', (_name, text, html) => {
    expect(toHtml(text)).toContain(html);
  });

  it.each(['\\(', 'http://a.b/(((', '\\[\n', '\\[\n\n', '$', '['])('a text of %j ends soon', async (part) => {
    for (const length of [4_000, PART]) {
      const text = part.repeat(length / part.length);
      expect(await cpuMs(() => expect(toHtml(text)).not.toBe(''))).toBeLessThan(1_000);
    }
  });

  it('a long paragraph stays Markdown, without bare addresses and formulas', () => {
    const text = `**bold** http://x.example $a$ ${'word '.repeat(1_000)}`;
    expect(toHtml(text)).toContain('<strong>bold</strong> http://x.example $a$ word');
  });
});
