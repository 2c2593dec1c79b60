// npm run plop -- <generator> [--name value …]: asks what is not given, on a terminal; lists it otherwise.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cancel, isCancel, text } from '@clack/prompts';
import nodePlop from 'node-plop';
import plopfile from './plopfile.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const plop = await nodePlop('', { destBasePath: root, force: false });
plopfile(plop);
process.exitCode = await main(process.argv.slice(2));

async function main([which, ...rest]) {
  const known = plop.getGeneratorList();
  if (!known.some(({ name }) => name === which)) {
    const rows = known.map(({ name, description }) => `  ${name.padEnd(12)}${description}`);
    process.stderr.write(`npm run plop -- <generator>\n${rows.join('\n')}\n`);
    return 2;
  }
  const generator = plop.getGenerator(which);
  const answers = await answersOf(generator.prompts, rest);
  if (!answers) return 2;
  const { changes, failures } = await generator.runActions(answers);
  for (const { path } of changes) process.stdout.write(`✓ ${path}\n`);
  for (const { error } of failures) process.stderr.write(`✗ ${error}\n`);
  return failures.length > 0 ? 1 : 0;
}

async function answersOf(prompts, args) {
  const options = Object.fromEntries(prompts.map(({ name }) => [name, { type: 'string' }]));
  const answers = { ...parseArgs({ args, options }).values };
  for (const { name, message, validate } of prompts) {
    if (answers[name] === undefined && process.stdin.isTTY)
      answers[name] = await text({ message, validate: (value) => problem(validate(value ?? '')) });
    if (isCancel(answers[name])) return cancel('Nothing was written.');
    const wrong = answers[name] === undefined ? `is missing: ${message}` : problem(validate(answers[name]));
    if (wrong) process.stderr.write(`--${name} ${wrong}\n`);
    if (wrong) return undefined;
  }
  return answers;
}

function problem(verdict) {
  return verdict === true ? undefined : verdict;
}
