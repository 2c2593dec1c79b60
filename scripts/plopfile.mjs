// Scaffolds new parts of this repository: `npm run plop challenge|cheat|route`.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const name = (text) => NAME.test(text) || 'use a-z, 0-9 and inner dashes, at most 40 characters';
const line = (text) => /^[^\n'{}]+$/.test(text) || 'one line without quotes and braces';
const templateOf = (file) => fileURLToPath(new URL(`plop/${file}`, import.meta.url));

/** @param plop node-plop's API; `root` is the repository to write into. */
export default function plopfile(plop, root = plop.getDestBasePath()) {
  const exists = async (path) =>
    readdir(join(root, path)).then(
      () => true,
      () => false,
    );
  const refuse = async (path) => {
    if (await exists(path)) throw new Error(`${path} is there already`);
  };

  plop.setActionType('copyFolder', async (answers, { from, to }) => {
    const [source, target] = [from, to].map((path) => plop.renderString(path, answers));
    await refuse(target);
    await cp(join(root, source), join(root, target), { recursive: true });
    return target;
  });
  plop.setActionType('edit', async (answers, { path, change }) => {
    const file = join(root, plop.renderString(path, answers));
    const before = await readFile(file, 'utf8');
    const after = change(before, answers);
    if (after === before) throw new Error(`${file} does not have the place to edit`);
    await writeFile(file, after);
    return file;
  });

  plop.setGenerator('challenge', {
    description: 'a new template in challenges/, made from blank',
    prompts: [
      { name: 'slug', message: 'Name of the template', validate: name },
      { name: 'title', message: 'Title', validate: line },
    ],
    actions: [
      { type: 'copyFolder', from: 'challenges/blank', to: 'challenges/{{slug}}' },
      {
        type: 'edit',
        path: 'challenges/{{slug}}/challenge.yaml',
        change: (text, { slug, title }) =>
          text
            .replace(/^template: .*$/m, `template: ${slug}`)
            .replace(/^( {2}title: ).*$/m, `$1${JSON.stringify(title)}`)
            .replace(/^( {2}slug: ).*$/m, `$1${slug}`),
      },
    ],
  });

  plop.setGenerator('cheat', {
    description: 'a new cheat for the red team, made from the baseline',
    prompts: [
      { name: 'challenge', message: 'Challenge', validate: name },
      { name: 'name', message: 'Name of the cheat', validate: name },
      { name: 'caught_by', message: 'Gate or layer that stops it', validate: line },
    ],
    actions: [
      {
        type: 'copyFolder',
        from: 'challenges/{{challenge}}/submissions/baseline',
        to: 'challenges/{{challenge}}/submissions/cheats/{{name}}',
      },
      {
        type: 'add',
        force: true,
        path: join(root, 'challenges/{{challenge}}/submissions/cheats/{{name}}/README.md'),
        templateFile: templateOf('cheat-README.md.hbs'),
      },
      {
        type: 'add',
        path: join(root, 'challenges/{{challenge}}/submissions/cheats/{{name}}/cheat.json'),
        transform: (_text, { caught_by }) =>
          `${JSON.stringify({ caught_by: [caught_by], how: 'gate', wins_if: 'valid', mutation: [caught_by] }, null, 2)}\n`,
        template: '{}',
      },
    ],
  });

  plop.setGenerator('route', {
    description: 'a new noun of the HTTP API: its declaration and its module',
    prompts: [
      { name: 'noun', message: 'Noun, in the plural', validate: name },
      { name: 'doc', message: 'What GET /v1/<noun> answers, in a sentence', validate: line },
    ],
    actions: [
      {
        type: 'add',
        path: join(root, 'templates/contract/routes/{{noun}}.ts'),
        templateFile: templateOf('contract-route.ts.hbs'),
      },
      {
        type: 'add',
        path: join(root, 'templates/backend/routes/{{noun}}.ts'),
        templateFile: templateOf('backend-route.ts.hbs'),
      },
      {
        type: 'edit',
        path: 'templates/contract/routes/index.ts',
        change: (text, { noun }) => {
          const object = `${plop.getHelper('camelCase')(noun)}Routes`;
          return text
            .replace(/(?=\nexport const ROUTES)/, `import { ${object} } from './${noun}.ts';\n`)
            .replace(/(export const ROUTES = \{[\s\S]*?)(\n\};)/, `$1\n  ...${object},$2`);
        },
      },
      {
        type: 'edit',
        path: 'templates/backend/routes/index.ts',
        change: (text, { noun }) => {
          const module = plop.getHelper('camelCase')(noun);
          return text
            .replace(
              /(?=\nexport const routeModules)/,
              `import { routes as ${module} } from './${noun}.ts';\n`,
            )
            .replace(/(export const routeModules[\s\S]*?)(\n\];)/, `$1\n  ${module},$2`);
        },
      },
    ],
  });
}
