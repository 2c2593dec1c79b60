import type { ChallengeConfig } from './types.ts';

/** Sections of challenge.yaml, in the order the questions come. */
export const SECTIONS = {
  start: 'Start',
  challenge: 'Goal',
  metric: 'Metric',
  gates: 'Quality gates',
  divisions: 'Divisions',
  hardware: 'Hardware',
  verification: 'Verification',
  hub: 'Where it runs',
} as const;
export type Section = keyof typeof SECTIONS;

type Branch = Omit<ChallengeConfig, 'schema'>;
/** Every setting of challenge.yaml: `challenge.title`, `gates`, … Lists are one setting. */
export type FieldPath = {
  [S in keyof Branch]: Branch[S] extends readonly unknown[] | string ? S : `${S}.${keyof Branch[S] & string}`;
}[keyof Branch];
export type ValueAt<P extends FieldPath> = P extends `${infer S}.${infer K}`
  ? S extends keyof ChallengeConfig
    ? K extends keyof ChallengeConfig[S]
      ? ChallengeConfig[S][K]
      : never
    : never
  : P extends keyof ChallengeConfig
    ? ChallengeConfig[P]
    : never;

/** `line`: one line of text; `text`: several; `lines`: list of strings; `objects`: list of `items`. */
export type Kind = 'line' | 'text' | 'choice' | 'int' | 'number' | 'bool' | 'lines' | 'objects';

/** What is known so far: a field may look at fields above it in the table, never below. */
export type Known = <P extends FieldPath>(path: P) => ValueAt<P> | undefined;

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

/** A key of one entry of an `objects` list. */
export interface ItemKey {
  kind: Exclude<Kind, 'objects'>;
  optional?: boolean;
  choices?: readonly string[];
  fallback?: unknown;
  doc: string;
  check?(value: never): string | undefined;
}

export interface FieldSpec<T> {
  kind: Kind;
  /** Without the dashes. */
  flag: string;
  /** One sentence: comment in challenge.yaml, line of --help, row of the docs. */
  doc: string;
  /** Absent: never asked, only set by flag, file or `--set`. */
  question?: string;
  /** `always`: asked even when the template has a value, which is then the default. */
  ask?: 'always' | 'unless-template';
  /** Not asked when false; the value is then the fallback. */
  when?(known: Known): boolean;
  /** Not taken from a template: it belongs to one challenge alone. */
  own?: boolean;
  /** Absent, or `undefined` returned: an answer is required. */
  fallback?: T | ((known: Known) => T | undefined);
  choices?: readonly Choice[];
  nullable?: boolean;
  items?: Readonly<Record<string, ItemKey>>;
  /** @returns the problem, in words that follow the name of the field. */
  check?(value: T, known: Known): string | undefined;
  /** Which entry of a list `check` speaks of. */
  entry?(value: T, known: Known): number;
}

export interface Field extends Omit<FieldSpec<unknown>, 'check' | 'entry' | 'fallback'> {
  path: FieldPath;
  section: Section;
  check?(value: unknown, known: Known): string | undefined;
  entry?(value: unknown, known: Known): number;
  fallback?: unknown | ((known: Known) => unknown);
}

/** One row of the table; the type of `fallback` and `check` follows from the path. */
export function field<P extends FieldPath>(path: P, spec: FieldSpec<ValueAt<P>>): Field & { path: P } {
  const head = path.split('.')[0] as string;
  const section = (head in SECTIONS ? head : 'start') as Section;
  return { ...spec, path, section } as unknown as Field & { path: P };
}
