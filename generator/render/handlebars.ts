/** Handlebars, strict and unescaped, with a fixed list of helpers. */
import type Handlebars from 'handlebars';
import runtime from 'handlebars/runtime.js';
import { sha256 } from '../plan/digest.ts';
import { COMPILED } from './compiled.ts';
import { HELPERS } from './helpers.ts';

const engine = (runtime as unknown as typeof Handlebars).create();
for (const [name, helper] of Object.entries(HELPERS))
  engine.registerHelper(name, (value: unknown) => helper(value));

/** @throws Error naming the template and the missing value. */
export async function renderText(source: string, view: object, name: string): Promise<string> {
  try {
    return engine.template(COMPILED[sha256(source)] ?? (await compiledNow(source)))(view);
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  }
}

/** The compiler is nine tenths of Handlebars: it is loaded for a text that the build has not seen. */
async function compiledNow(source: string): Promise<TemplateSpecification> {
  const { compileText } = await import('./compile.ts');
  return new Function(`return ${compileText(source)}`)();
}
