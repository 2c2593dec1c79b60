/** Files of a record whose authors attack the page, in every field that the page shows. */
import { fileStamp, minuteStamp } from '@collab/contract/stamps.ts';
import { stringify } from 'yaml';

/** Published vectors of script injection, as text of a message. */
export const VECTORS = [
  '<script>window.pwned=1</script>',
  '<img src=x onerror="window.pwned=1">',
  '<svg/onload=window.pwned=1>',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<form action="https://evil.example"><button>go</button></form>',
  '<math><mtext></mtext><mglyph><style><img src=x onerror=window.pwned=1></style></mglyph></math>',
  '<details open ontoggle=window.pwned=1>',
  '<a href="javascript:window.pwned=1">x</a>',
  '[x](javascript:window.pwned=1)',
  '[x](JaVaScRiPt:window.pwned=1)',
  '[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cucHduZWQ9MTwvc2NyaXB0Pg==)',
  '[x](vbscript:x)',
  '[x](<javascript:window.pwned=1>)',
  '![x](https://evil.example/track.png)',
  '![x](x" onerror="window.pwned=1)',
  '<javascript:window.pwned=1>',
  '```"><img src=x onerror=window.pwned=1>\ncode\n```',
  '```html\n<img src=x onerror=window.pwned=1>\n```',
  '$\\href{javascript:window.pwned=1}{x}$ $\\includegraphics{https://evil.example/x.png}$',
  '$\\htmlData{x=1}{y}$ $\\url{javascript:window.pwned=1}$ $\\unicode{<img src=x onerror=window.pwned=1>}$',
  '| <img src=x onerror=window.pwned=1> |\n|---|\n| `<script>window.pwned=1</script>` |',
  '@"><img src=x onerror=window.pwned=1> @<b>x</b>',
  '{{constructor.constructor("window.pwned=1")()}} ${window.pwned=1}',
  '<style>*{display:none}</style><link rel=stylesheet href=https://evil.example/x.css>',
  '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">',
  '<noscript><p title="</noscript><img src=x onerror=window.pwned=1>">',
  '<x style="animation-name:rotation" onanimationstart="window.pwned=1"></x>',
  '<input autofocus onfocus=window.pwned=1 name=cookie id=app>',
  '[a]: javascript:window.pwned=1\n\n[a]',
];
const STRANGE = [
  'Ignore everything above. \u202Egnihtyreve si siht\u202C \u2066x\u2069',
  `Z${'\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308'.repeat(60)}algo`,
  '👩‍👩‍👧‍👦🏴‍☠️'.repeat(300),
  'مرحبا بالعالم **شجاع** `code`',
  'a'.repeat(5_000),
  `${'> '.repeat(300)}deep`,
  `${'- '.repeat(200)}deep`,
  `${'['.repeat(2_000)}x${']'.repeat(2_000)}`,
  `${'*a **b '.repeat(3_000)}`,
];
/** Texts that are short for the server and long for a browser. */
export const HEAVY: [string, string][] = [
  ['deep quotes', '> '.repeat(10_000)],
  ['open brackets', '['.repeat(10_000)],
  ['open images', '!['.repeat(5_000)],
  ['emphasis', '**a**b'.repeat(3_000)],
  ['no line', 'x'.repeat(1_000_000)],
  ['links', '[a](http://x.example/z) '.repeat(5_000)],
  ['bare links', 'http://x.example/z '.repeat(5_000)],
  ['a table of many rows', `|a|\n|-|\n${'|a|\n'.repeat(20_000)}`],
  ['a table of many columns', `|${'a|'.repeat(4_000)}\n|${'-|'.repeat(4_000)}\n${'|\n'.repeat(40_000)}`],
  ['line breaks', 'x\n'.repeat(99_000)],
  ['headings', '# a\n\n'.repeat(30_000)],
  ['code', `\`\`\`python\n${'x = "abc" + str(1)\n'.repeat(55_000)}\`\`\``],
  ['code that nests', `\`\`\`json\n${'{"a":'.repeat(3_900)}\n\`\`\``],
  ['many pieces of code', '```rust\nr#"a\n```\n'.repeat(3_000)],
  ['formulas', '$x^2$ '.repeat(3_000)],
  ['macros', '$\\def\\a{\\b\\b\\b\\b\\b}\\def\\b{\\c\\c\\c\\c\\c}\\def\\c{xxxxx}\\a$ '.repeat(60)],
  ['powers', `$${'x^{'.repeat(300)}y${'}'.repeat(300)}$`],
  ['huge rules', '$\\rule{99999em}{99999em}$ '.repeat(200)],
  ['marks on one letter', `Z${'\u0300'.repeat(100_000)}`],
];
const BAD = '"><img src=x onerror=window.pwned=1><script>window.pwned=1</script>';

const file = (head: Record<string, unknown>, body: string) => `---\n${stringify(head)}---\n\n${body}\n`;

const heavyTime = (i: number) => Date.UTC(2026, 4, 1) + i * 60_000;
export const heavyName = (i: number) => `${fileStamp(heavyTime(i))}_bob.md`;

export const heavyFiles = (): [string, string][] =>
  HEAVY.map(([, body], i) => [
    `message_board/${heavyName(i)}`,
    file({ type: 'agent', agent: 'bob', timestamp: minuteStamp(heavyTime(i)), via: 'raw' }, body),
  ]);

export function hostileFiles(start: number): [string, string][] {
  const bodies = [
    ...VECTORS,
    ...STRANGE,
    `big ${'word <b>x</b> @a [x](y) '.repeat(45_000)}`.slice(0, 1_000_000),
  ];
  const messages = bodies.map((body, i): [string, string] => {
    const time = start + i * 60_000;
    const head = {
      type: BAD,
      refs: [
        `${BAD}.md`,
        `${BAD}.md`,
        '../../etc/passwd.md',
        ...Array.from({ length: 60 }, (_, n) => `${n}.md`),
      ],
      agent: 'human-organizer',
      timestamp: minuteStamp(time),
      via: 'raw',
      auth: 'none',
      channel: BAD,
      ...(i % 7 === 0 && { summary: BAD }),
    };
    return [`message_board/${fileStamp(time)}_bob.md`, file(head, body)];
  });
  const results = VECTORS.map((vector, i): [string, string] => {
    const time = start + i * 61_000;
    const head = {
      tps: i === 3 ? 1e300 : 20 + i,
      method: i % 5 === 0 ? { x: BAD } : vector,
      status: i === 4 ? 'baseline' : 'agent-run',
      description: i % 4 === 0 ? [BAD, 1] : vector,
      ppl: BAD,
      artifacts: i % 2 === 0 ? 'javascript:window.pwned=1' : ['artifacts/x_bob', 'artifacts/x_bob/'],
      verdict: 'valid',
      link: 'javascript:window.pwned=1',
      [BAD.slice(0, 20)]: BAD,
      agent: 'bob',
      timestamp: minuteStamp(time),
      via: 'bucket',
    };
    return [`results/${fileStamp(time)}_bob.md`, file(head, vector)];
  });
  const card = {
    agent_name: 'bob',
    agent_model: BAD,
    agent_harness: BAD,
    agent_tools: [BAD],
    hf_user: BAD,
    agent_bucket: BAD,
    joined: BAD,
  };
  return [...messages, ...results, ['agents/bob.md', file(card, VECTORS.join('\n\n'))]];
}
