/** Config + package → every file of the emitted repository. The same config gives the same bytes, wherever it is written. */
import pkg from '../../package.json' with { type: 'json' };
import type { ChallengeConfig } from '../config/types.ts';
import { CHALLENGE_FILE, writeChallenge } from '../config/yaml.ts';
import { sha256 } from '../plan/digest.ts';
import {
  BUCKET_README,
  EVALUATOR_MOUNTS,
  layout,
  mounted,
  type PackageFiles,
  type TreeEntry,
} from '../plan/files.ts';
import { composeBucketReadme } from '../plan/sections.ts';
import { RECORD, SEEDED_README, TEXT_FILES, type TemplateRecord } from '../plan/texts.ts';
import type { PlannedFile } from '../plan/types.ts';
import { apiRows } from './api.ts';
import { renderText } from './handlebars.ts';
import { renderTree } from './tree.ts';
import { viewOf } from './view.ts';

export async function emit(config: ChallengeConfig, files: PackageFiles): Promise<PlannedFile[]> {
  const { version } = pkg;
  const entries = layout(files, config.template, config.verification.mode === 'eval-space');
  const buildDependencies = needed(entries, pkg.devDependencies);
  const rendered = await renderTree(entries, viewOf(config, { version, api: apiRows(), buildDependencies }));
  const challenge = writeChallenge(config);
  const filled = withSections(rendered, config);
  const own = [
    planned(CHALLENGE_FILE, challenge),
    planned(RECORD, templateRecord(config, challenge, version, filled)),
  ];
  return [...filled, ...own].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The files of `eval-space/` alone: for a repository whose verification mode was another one when it was written. */
export async function emitEvaluator(config: ChallengeConfig, files: PackageFiles): Promise<PlannedFile[]> {
  const view = viewOf(config, { version: pkg.version, api: [], buildDependencies: [] });
  return renderTree(mounted(files, EVALUATOR_MOUNTS), view);
}

/** The bucket's README as this template would write it from these settings; `task` and `address` still empty. */
export function emitBucketReadme(config: ChallengeConfig, template: string): Promise<string> {
  const view = viewOf(config, { version: pkg.version, api: [], buildDependencies: [] });
  return renderText(template, view, BUCKET_README);
}

/** `harness/gates.json` as this template would write it from these settings. */
export function emitGates(config: ChallengeConfig, template: string): Promise<string> {
  const view = viewOf(config, { version: pkg.version, api: [], buildDependencies: [] });
  return renderText(template, view, 'harness/gates.json.hbs');
}

/** README.md or SETUP.md as `new` would write it from these settings. */
export function emitRepositoryText(config: ChallengeConfig, file: string, template: string): Promise<string> {
  return renderText(template, viewOf(config, { version: pkg.version, api: [], buildDependencies: [] }), file);
}

/** Packages that `space/src` imports, and the tools that build it, at the versions this one was built with. */
function needed(entries: TreeEntry[], versions: Record<string, string>): { name: string; version: string }[] {
  const sources = entries.filter((entry) => /^space\/src\/.*\.(?:ts|svelte|css)$/.test(entry.path));
  const imports = new Set(
    sources.flatMap(({ content }) => importedPackages(Buffer.from(content).toString('utf8'))),
  );
  return Object.entries(versions)
    .filter(([name]) => name === 'esbuild' || imports.has(name))
    .map(([name, version]) => ({ name, version }));
}

/** Packages named by import statements: `d3-scale`, `@scope/name`, without the path inside. */
function importedPackages(source: string): string[] {
  const names = source.matchAll(
    /(?:\bfrom|\bimport)\s*\(?\s*['"](@[\w.-]+\/[\w.-]+|[\w.-]+)(?:\/[^'"]*)?['"]/g,
  );
  return [...names].map((found) => found[1] as string);
}

const planned = (path: string, text: string): PlannedFile => ({
  path,
  content: Buffer.from(text),
  how: 'render',
  mode: 0o644,
});

/** What `update` needs to find the common ancestor of a three-way merge, and `check` to tell which texts were edited. */
function templateRecord(
  config: ChallengeConfig,
  challenge: string,
  version: string,
  files: PlannedFile[],
): string {
  const texts = files.filter(({ path }) => path === SEEDED_README || TEXT_FILES.includes(path));
  const record: TemplateRecord = {
    template: config.template,
    version,
    answers_sha256: sha256(Buffer.from(challenge)),
    texts: Object.fromEntries(texts.map(({ path, content }) => [path, sha256(content)])),
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

function withSections(files: PlannedFile[], { hub }: ChallengeConfig): PlannedFile[] {
  const text = (file: PlannedFile) => Buffer.from(file.content).toString('utf8');
  const tasks = files.filter((file) => /^task\/[^/]+\.md$/.test(file.path));
  const byName = new Map(tasks.map((file) => [file.path.slice('task/'.length), text(file)]));
  return files.map((file) =>
    file.path === SEEDED_README ? planned(file.path, composeBucketReadme(text(file), byName, hub)) : file,
  );
}
