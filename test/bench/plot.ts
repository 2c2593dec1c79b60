/** The growth curves as one picture: three panels, both axes logarithmic. */
import type { Growth } from './growth.ts';

interface Line {
  name: string;
  points: [number, number][];
}
interface Panel {
  title: string;
  lines: Line[];
  limit?: { at: number; name: string };
}

const WIDTH = 330;
const HEIGHT = 260;
const LEFT = 52;
const PLOT = { w: WIDTH - LEFT - 12, h: 170, top: 34 };
const COLOURS = ['#3b6fd4', '#d4663b', '#2f9e6e', '#8a56c2', '#c2a01f', '#c23b78', '#4aa3b5', '#777777'];

const powers = (from: number, to: number): number[] => {
  const out: number[] = [];
  for (let p = Math.floor(Math.log10(from)); 10 ** p <= to * 1.001; p++)
    if (10 ** p >= from * 0.999) out.push(10 ** p);
  return out;
};
const label = (n: number) => (n >= 1000 ? `${n / 1000}k` : String(n));

function panel({ title, lines, limit }: Panel, at: number): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([x]) => x);
  const ys = [...points.map(([, y]) => y), ...(limit ? [limit.at] : [])];
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [
    10 ** Math.floor(Math.log10(Math.min(...ys))),
    10 ** Math.ceil(Math.log10(Math.max(...ys) * 1.05)),
  ];
  const scale = (v: number, from: number, to: number) => Math.log(v / from) / Math.log(to / from || 10);
  const x = (v: number) => (LEFT + scale(v, x0, x1) * PLOT.w).toFixed(1);
  const y = (v: number) => (PLOT.top + (1 - scale(v, y0, y1)) * PLOT.h).toFixed(1);
  const grid = powers(y0, y1).map(
    (v) =>
      `<line x1="${LEFT}" x2="${LEFT + PLOT.w}" y1="${y(v)}" y2="${y(v)}" class="g"/><text x="${LEFT - 6}" y="${y(v)}" class="t e m">${label(v)}</text>`,
  );
  const ticks = [...new Set(xs)].map(
    (v) => `<text x="${x(v)}" y="${PLOT.top + PLOT.h + 16}" class="t c">${label(v)}</text>`,
  );
  const drawn = lines.map(({ points: p }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const dots = p.map(([a, b]) => `<circle cx="${x(a)}" cy="${y(b)}" r="2.6" fill="${colour}"/>`).join('');
    return `<polyline points="${p.map(([a, b]) => `${x(a)},${y(b)}`).join(' ')}" stroke="${colour}" class="l"/>${dots}`;
  });
  const bound = limit
    ? `<line x1="${LEFT}" x2="${LEFT + PLOT.w}" y1="${y(limit.at)}" y2="${y(limit.at)}" class="d"/><text x="${LEFT + PLOT.w}" y="${Number(y(limit.at)) - 4}" class="t e">${limit.name}</text>`
    : '';
  const names = lines.map(
    ({ name }, i) =>
      `<text x="${LEFT + (i % 2) * 140}" y="${PLOT.top + PLOT.h + 36 + Math.floor(i / 2) * 14}" class="t" style="fill:${COLOURS[i % COLOURS.length]}">● ${name}</text>`,
  );
  return `<g transform="translate(${at * WIDTH},0)"><text x="${LEFT}" y="18" class="h">${title}</text>${[...grid, ...ticks, ...drawn, bound, ...names].join('')}</g>`;
}

const STYLE =
  'text{font:11px system-ui,sans-serif}.t{fill:#666}.h{font-size:13px;font-weight:600;fill:#444}.e{text-anchor:end}.c{text-anchor:middle}.m{dominant-baseline:middle}.g{stroke:#8884}.d{stroke:#c33;stroke-dasharray:4 3}.l{fill:none;stroke-width:1.8}';

export function growthPlot(all: readonly Growth[]): string {
  const over = (name: string, value: (g: Growth) => number): Line => ({
    name,
    points: all.map((g) => [g.messages, value(g)]),
  });
  const names = all[0]?.reads.map((r) => r.name) ?? [];
  const panels: Panel[] = [
    { title: 'CPU per read, µs', lines: names.map((name, i) => over(name, (g) => g.reads[i]?.cpuUs ?? 1)) },
    {
      title: 'First correct page after a start, ms',
      lines: [over('wall', (g) => g.coldMs), over('CPU', (g) => g.coldCpuMs)],
      limit: { at: 3_000, name: 'target' },
    },
    {
      title: 'Memory, MiB',
      lines: [over('first page', (g) => g.coldPeakMiB), over('after all reads', (g) => g.peakMiB)],
      limit: { at: 512, name: 'target' },
    },
  ];
  const height = HEIGHT + Math.ceil(names.length / 2) * 14;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH * 3} ${height}" role="img" aria-label="Cost against the number of messages"><style>${STYLE}</style><rect width="100%" height="100%" fill="#fff"/>${panels.map(panel).join('')}</svg>\n`;
}
