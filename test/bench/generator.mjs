// Wall time of `--help` and `new` of the built program, each in a process of its own: median and worst of N.
// node test/bench/generator.mjs [N]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url));
const times = Number(process.argv[2] ?? 15);
const cwd = mkdtempSync(join(tmpdir(), 'collab-bench-'));

function measure(argsOf) {
  const ms = Array.from({ length: times }, (_, i) => {
    const began = performance.now();
    const { status, stderr } = spawnSync(process.execPath, argsOf(i), { cwd });
    if (status !== 0) throw new Error(stderr.toString());
    return performance.now() - began;
  }).sort((a, b) => a - b);
  return { median_ms: Math.round(ms[times >> 1]), worst_ms: Math.round(ms.at(-1)) };
}

const result = {
  node_alone: measure(() => ['-e', '0']),
  help: { ...measure(() => [bin, '--help']), limit_ms: 80 },
  new_gemma: { ...measure((i) => [bin, 'new', `c-${i}`, '--template', 'gemma', '--yes']), limit_ms: 300 },
};
rmSync(cwd, { recursive: true, force: true });
console.log(JSON.stringify(result, null, 2));
