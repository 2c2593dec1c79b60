// `npm start`: builds what changed, then takes the guided tour in ./gemma-collab.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function fail(message, next) {
  const args = process.argv.slice(2);
  if (args.includes('--json'))
    process.stdout.write(`${JSON.stringify({ status: 'error', code: 'BUILD_FAILED', message, next })}\n`);
  else
    process.stderr.write(
      `BUILD_FAILED: ${message}\n${next.map((n) => `  next: ${n.command}   (${n.why})\n`).join('')}`,
    );
  process.exit(1);
}

if (!existsSync(new URL('../node_modules/esbuild', import.meta.url)))
  fail('The packages are not installed.', [{ command: 'npm install', why: 'installs them' }]);

// Standard output belongs to the tour: what the build says goes to standard error.
const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
if (built.signal) process.exit(130);
if (built.status !== 0)
  fail('The build failed; see above.', [{ command: 'npm run build', why: 'builds again' }]);

const given = process.argv.slice(2);
const dir = given.find((arg) => !arg.startsWith('-'));
process.argv = [process.argv[0], process.argv[1], 'start', ...(dir ? [] : ['gemma-collab']), ...given];
await import('../dist/cli.mjs');
