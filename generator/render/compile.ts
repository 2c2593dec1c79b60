/** Template text → the program Handlebars' runtime runs. The build does this once for every template that is shipped. */
import Handlebars from 'handlebars';
import { HELPERS } from './helpers.ts';

const OPTIONS: PrecompileOptions = {
  strict: true,
  noEscape: true,
  preventIndent: true,
  knownHelpersOnly: true,
  knownHelpers: Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true])),
};

/** @returns one JavaScript expression. @throws Error where the text is no template. */
export const compileText = (source: string): string => String(Handlebars.precompile(source, OPTIONS));

/** The parsed template, for the guard. */
export const parseTemplate = (source: string) => Handlebars.parse(source);
