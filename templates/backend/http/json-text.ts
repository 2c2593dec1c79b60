/**
 * Answers as JSON. Records are most of what is read and never change: the text of each is made once, so that a page is
 * joined and not written anew, and its tag is made of theirs.
 */
import { contentTag, weakTag } from './conditional.ts';

interface Text {
  json: string;
  /** Stands for the text where the tag of a page is made. */
  tag: string;
}

/** UTF-16 units of texts, beyond which all are forgotten: those that are still asked for come back at once. */
const MAX_UNITS = 8 * 1024 * 1024;

const fixed = new WeakSet<object>();
let texts = new WeakMap<object, Text>();
let units = 0;

/** Says of a value that neither it nor anything in it will ever change. */
export function unchanging<T extends object>(value: T): T {
  fixed.add(value);
  return value;
}

function textOf(value: object): Text {
  const known = texts.get(value);
  if (known) return known;
  const json = JSON.stringify(value);
  units += json.length;
  if (units > MAX_UNITS) {
    texts = new WeakMap();
    units = json.length;
  }
  const text = { json, tag: contentTag(json) };
  texts.set(value, text);
  return text;
}

const areFixed = (value: unknown): value is object[] => {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (const item of value) if (!fixed.has(item)) return false;
  return true;
};

/** What `JSON.stringify` makes of a plain body, and its weak tag: blind to when the answer was made. */
export function jsonText(body: unknown): { text: string; tag: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return whole(body);
  let [text, mark] = ['', ''];
  for (const [name, value] of Object.entries(body)) {
    const part = areFixed(value) ? list(value) : plain(value);
    if (part === null) continue;
    const key = `${text === '' ? '{' : ','}${JSON.stringify(name)}:`;
    text += key + part.json;
    mark += key + part.tag;
  }
  return text === '' ? whole(body) : { text: `${text}}`, tag: weakTag(`${mark}}`) };
}

const whole = (body: unknown) => {
  const text = JSON.stringify(body);
  return { text, tag: weakTag(text) };
};

/** `null`: a value that JSON leaves out. */
function plain(value: unknown): Text | null {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? null : { json, tag: json };
}

function list(values: object[]): Text {
  let [json, tag] = ['', ''];
  for (const value of values) {
    const text = textOf(value);
    json += json === '' ? `[${text.json}` : `,${text.json}`;
    tag += text.tag;
  }
  return { json: `${json}]`, tag };
}
