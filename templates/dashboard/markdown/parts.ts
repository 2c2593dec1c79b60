/** What is parsed, cleaned and laid out in a small part of a second, whatever stands in it. */
export const PART = 8_000;

const BREAKS = ['\n\n', '\n', ' '];

/** A text in parts of at most about {@link PART} characters, cut between blocks where it can be; code stays code. */
export function toParts(markdown: string): string[] {
  const parts: string[] = [];
  let fence = '';
  for (let rest = markdown; rest.length > 0; ) {
    const end = rest.length <= PART ? rest.length : cutAt(rest);
    const part = (fence && `${fence}\n`) + rest.slice(0, end);
    fence = openFence(part);
    rest = rest.slice(end);
    parts.push(fence && rest ? `${part}\n${/^\s*(`+|~+)/.exec(fence)?.[1]}` : part);
  }
  return parts;
}

/** Behind the last break of the second half, else in the middle of a word, never in the middle of a character. */
function cutAt(text: string): number {
  const window = text.slice(0, PART);
  for (const mark of BREAKS) {
    const at = window.lastIndexOf(mark);
    if (at > PART / 2) return at + mark.length;
  }
  return /[\uD800-\uDBFF]$/.test(window) ? PART - 1 : PART;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[^\n]{0,40}/;

/** The line that opened the code `text` ends in; empty when it does not end in code. */
function openFence(text: string): string {
  let open = '';
  for (const line of text.split('\n')) {
    const [found, mark] = FENCE.exec(line) ?? [];
    if (found === undefined || mark === undefined) continue;
    if (open === '') open = found;
    else if (line.trim() === mark && mark.startsWith(FENCE.exec(open)?.[1] ?? '')) open = '';
  }
  return open;
}
