/** YAML heads of untrusted files: YAML 1.1 values, no tags, bounded size, depth and aliases. */
import type { Frontmatter, Json } from '@collab/contract/schemas.ts';
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import { takeScore } from '../domain/score/score.ts';
import { boundedDocument, TooDeep } from './yaml-document.ts';

const MAX_HEAD_BYTES = 65_536;
const MAX_DEPTH = 8;
const MAX_NODES = 2_000;
/** Each one is looked up through the whole document. */
const MAX_ALIASES = 20;

export class YamlProblem extends Error {}

/** `tolerant` keeps what a strict reader refuses (`.inf` as its text): for files that already stand in the bucket. */
export type Mode = 'strict' | 'tolerant';

interface Walk {
  doc: Document;
  mode: Mode;
  nodes: number;
  aliases: number;
}

/**
 * The mapping in `text`, or `null` when the text is no mapping. Numbers that a double cannot hold become the nearest
 * finite double and, at the top level, `{key}_exact` with the digits.
 * @throws YamlProblem
 */
export function readYaml(text: string, mode: Mode): Frontmatter | null {
  if (text.length > MAX_HEAD_BYTES) throw new YamlProblem(`the head is over ${MAX_HEAD_BYTES} bytes`);
  const doc = parse(text);
  if (doc.contents === null) return {};
  if (!isMap(doc.contents)) return null;
  if (doc.errors[0]) throw new YamlProblem(doc.errors[0].message.split('\n')[0] ?? 'not YAML');
  return head(doc.contents, { doc, mode, nodes: 0, aliases: 0 });
}

/** A mapping that came as JSON, held to the bounds of one that came as YAML. @throws YamlProblem */
export function checkBounds(head: Frontmatter): void {
  let nodes = 0;
  const walk = (value: Json, depth: number): void => {
    if (depth > MAX_DEPTH) throw new YamlProblem(`nested deeper than ${MAX_DEPTH}`);
    const inner = typeof value === 'object' && value !== null ? Object.values(value) : [];
    nodes += Array.isArray(value) ? inner.length : 2 * inner.length;
    if (nodes > MAX_NODES) throw new YamlProblem(`more than ${MAX_NODES} values`);
    for (const item of inner) walk(item, depth + 1);
  };
  walk(head, 0);
}

function parse(text: string): Document {
  try {
    return boundedDocument(text, {
      version: '1.1',
      intAsBigInt: true,
      stringKeys: true,
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
  } catch (error) {
    throw new YamlProblem(error instanceof TooDeep ? error.message : 'not YAML');
  }
}

function head(map: Node, walk: Walk): Frontmatter {
  const out: Frontmatter = {};
  for (const [key, node] of pairs(map, walk)) {
    const exact = isScalar(node) ? exactDigits(node) : undefined;
    set(out, key, plain(node, walk, 1));
    if (exact !== undefined) set(out, `${key}_exact`, exact);
  }
  return out;
}

function plain(node: Node | null, walk: Walk, depth: number): Json {
  if (++walk.nodes > MAX_NODES) throw new YamlProblem(`more than ${MAX_NODES} values`);
  if (depth > MAX_DEPTH) throw new YamlProblem(`nested deeper than ${MAX_DEPTH}`);
  if (node === null) return null;
  if (isAlias(node)) {
    if (++walk.aliases > MAX_ALIASES) throw new YamlProblem(`more than ${MAX_ALIASES} aliases`);
    return plain(node.resolve(walk.doc) ?? null, walk, depth + 1);
  }
  if (node.tag) throw new YamlProblem('explicit tags are not taken');
  if (isSeq(node)) return node.items.map((item) => plain(item as Node, walk, depth + 1));
  if (isScalar(node)) return scalar(node, walk.mode);
  const out: { [key: string]: Json } = {};
  for (const [key, value] of pairs(node, walk)) set(out, key, plain(value, walk, depth + 1));
  return out;
}

function* pairs(map: Node, walk: Walk): Generator<[string, Node | null]> {
  if (map.tag) throw new YamlProblem('explicit tags are not taken');
  if (!isMap(map)) throw new YamlProblem('not a mapping');
  for (const { key, value } of map.items) {
    if (isScalar(key) && key.tag) throw new YamlProblem('explicit tags are not taken');
    const name = isScalar(key) ? (key.source ?? String(key.value)) : null;
    if (name === null) throw new YamlProblem('a key must be plain text');
    if (name.length > 200) throw new YamlProblem('a key is longer than 200 characters');
    if (++walk.nodes > MAX_NODES) throw new YamlProblem(`more than ${MAX_NODES} values`);
    yield [name, value as Node | null];
  }
}

/** `__proto__` is a key like any other. */
function set(into: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

function scalar(node: Scalar, mode: Mode): Json {
  const { value, source } = node;
  // Begins as an octal and is none: text in YAML 1.1.
  if (source !== undefined && /^[-+]?0[\d_]*[89][\d_]*$/.test(source)) return source;
  if (typeof value === 'number' || typeof value === 'bigint') {
    const taken = number(node);
    if (taken.ok) return taken.value.score;
    if (mode === 'strict') throw new YamlProblem(`the number ${taken.problem}`);
    return source ?? String(value);
  }
  if (value instanceof Date) return source ?? value.toISOString();
  // PyYAML, unlike the YAML 1.1 text, keeps a lone y or n as text.
  if (typeof value === 'boolean' && /^[yn]$/i.test(source ?? '')) return source as string;
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  throw new YamlProblem('a value has no plain form');
}

function number({ value, source }: Scalar) {
  const v = value as number | bigint;
  const decimal =
    source !== undefined && /^[-+]?[\d._]+(?:[eE][-+]?\d+)?$/.test(source) && !/^[-+]?0[\d_]/.test(source);
  return takeScore(v, decimal || typeof v === 'number' ? source : String(v));
}

function exactDigits(node: Scalar): string | undefined {
  if (typeof node.value !== 'number' && typeof node.value !== 'bigint') return undefined;
  const taken = number(node);
  return taken.ok ? taken.value.exact : undefined;
}
