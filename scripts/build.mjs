// Builds everything that is shipped: dist/cli.mjs, dist/space/{server.mjs,public/}, dist/space/public/client/collab.mjs.
// A part is left alone when its sources have not changed since its last build.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBundle } from '../templates/space/node-bundle.mjs';
import { LEFT_OUT, PACKAGES, sourceHash as spaceSourceHash } from '../templates/space/source-hash.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');

const node =
  (entry, outfile, more = {}) =>
  async () => {
    const { build } = await import('esbuild');
    return build({
      entryPoints: [join(root, entry)],
      absWorkingDir: root,
      ...nodeBundle,
      ...(more.outdir ? {} : { outfile: join(root, outfile) }),
      metafile: true,
      ...more,
    });
  };

/** What a module of the generator exports, run now. */
async function exportsOf(path) {
  const { build } = await import('esbuild');
  const made = await build({
    entryPoints: [path],
    absWorkingDir: root,
    ...nodeBundle,
    banner: {
      js: `import { createRequire as __cr } from 'node:module'; const require = __cr(${JSON.stringify(import.meta.url)});`,
    },
    write: false,
  });
  const code = Buffer.from(made.outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

const workedOut = (name, filter, contents) => ({
  name,
  setup: ({ onLoad }) =>
    onLoad({ filter }, async ({ path }) => ({ contents: await contents(path), loader: 'js' })),
});

// The API table is worked out now: `new` then loads neither zod nor the routes, a quarter of its time.
const apiTable = workedOut('api-table', /[\\/]generator[\\/]render[\\/]api\.ts$/, async (path) => {
  const { apiRows } = await exportsOf(path);
  return `export const apiRows = () => (${JSON.stringify(apiRows())});`;
});

// So are the templates: compiling them would be a third of the time of `new`.
const templates = () => ['templates', 'challenges'].flatMap(filesBelow).filter((path) => /\.hbs$/.test(path));
const compiled = workedOut('compiled', /[\\/]generator[\\/]render[\\/]compiled\.ts$/, async () => {
  const { compileText } = await exportsOf(join(root, 'generator/render/compile.ts'));
  const texts = [...new Set(templates().map((path) => readFileSync(join(root, path), 'utf8')))];
  const rows = texts.map((text) => [createHash('sha256').update(text).digest('hex'), compileText(text)]);
  return `export const COMPILED = {${rows.map(([key, program]) => `"${key}": ${program}`).join(',\n')}};`;
});

// plop would compile what its own actions write; ours write by themselves, so it needs the runtime alone.
const runtimeForPlop = {
  name: 'runtime-for-plop',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^handlebars$/ }, ({ importer, kind, resolveDir }) =>
      /[\\/]node-plop[\\/]/.test(importer)
        ? resolve('handlebars/runtime.js', { kind, resolveDir })
        : undefined,
    ),
};

// One small entry and a chunk per verb: `--help` reads none of them.
const cli = async () => {
  const made = await node('generator/bin.ts', '', {
    // Names as they are: keepNames would wrap every function, which a program this short pays for at each start.
    minifyIdentifiers: false,
    keepNames: false,
    splitting: true,
    outdir: join(root, 'dist'),
    entryNames: 'cli',
    chunkNames: 'cli/[name]-[hash]',
    plugins: [...nodeBundle.plugins, apiTable, compiled, runtimeForPlop],
    alias: { inquirer: join(root, 'generator/render/no-inquirer.ts') },
    outExtension: { '.js': '.mjs' },
  })();
  for (const name of readdirSync(join(root, 'dist/cli')))
    if (!made.metafile.outputs[`dist/cli/${name}`]) rmSync(join(root, 'dist/cli', name));
  return made;
};

const dashboard = async () => {
  const { build } = await import('vite');
  await build({ root: join(root, 'templates/dashboard'), logLevel: quiet ? 'error' : 'warn' });
};

const parts = [
  {
    name: 'cli',
    from: [
      'generator',
      'templates/hub',
      'templates/contract',
      'templates/backend',
      'templates/space',
      'package.json',
      ...templates(),
    ],
    out: 'dist/cli.mjs',
    run: cli,
  },
  {
    name: 'server',
    from: ['templates/backend', 'templates/hub', 'templates/contract'],
    out: 'dist/space/server.mjs',
    run: node('templates/backend/main.ts', 'dist/space/server.mjs'),
  },
  {
    name: 'client',
    from: ['templates/client', 'templates/hub', 'templates/contract'],
    out: 'dist/space/client/collab.mjs',
    run: node('templates/client/main.ts', 'dist/space/client/collab.mjs'),
  },
  {
    name: 'dashboard',
    from: ['templates/dashboard', 'templates/contract'],
    out: 'dist/space/public/index.html',
    run: dashboard,
  },
];

function filesBelow(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (statSync(full).isFile()) return [path];
  return readdirSync(full, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && !/\.test\.ts$/.test(e.name) && !/node_modules|fixtures/.test(e.parentPath))
    .map((e) => join(e.parentPath, e.name).slice(root.length))
    .sort();
}

/** sha256 over names and contents of the sources of a part. */
export function sourceHash(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow))
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** What went into a bundle without standing in `from`: when it changes, nobody would build anew. */
function unwatched({ name, from }, made) {
  const sources = Object.keys(made?.metafile?.inputs ?? {}).filter((path) => !/node_modules|^</.test(path));
  const strays = sources.filter((path) => !from.some((p) => path === p || path.startsWith(`${p}/`)));
  if (strays.length > 0)
    throw new Error(`${name} is built from files it does not watch: ${strays.join(' ')}`);
}

function snapshotSources() {
  const to = join(root, 'dist/space/src');
  if (existsSync(to) && spaceSourceHash(to) === spaceSourceHash(join(root, 'templates'))) return;
  rmSync(to, { recursive: true, force: true });
  for (const name of PACKAGES)
    cpSync(join(root, 'templates', name), join(to, name), {
      recursive: true,
      filter: (path) => !LEFT_OUT.test(path.slice(root.length)) && !path.endsWith('node_modules'),
    });
}

const stampFile = join(root, 'dist/.build.json');
const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
const only = process.argv.slice(2).filter((a) => !a.startsWith('-'));
// The sources as they are now go beside what is built from them, so that the two stay together however long ago it was.
// A build of one part leaves both alone: it is for working on that part.
if (only.length === 0) snapshotSources();
for (const part of parts) {
  if (only.length > 0 && !only.includes(part.name)) continue;
  const hash = sourceHash([
    ...part.from,
    'package-lock.json',
    'scripts/build.mjs',
    'templates/space/node-bundle.mjs',
  ]);
  if (stamps[part.name] === hash && existsSync(join(root, part.out))) continue;
  const started = performance.now();
  unwatched(part, await part.run());
  stamps[part.name] = hash;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamps));
  if (!quiet) process.stderr.write(`built ${part.name} in ${Math.round(performance.now() - started)} ms\n`);
}

if (only.length === 0) {
  const source = spaceSourceHash(join(root, 'dist/space/src'));
  writeFileSync(join(root, 'dist/space/build.json'), `${JSON.stringify({ source }, null, 2)}\n`);
}
