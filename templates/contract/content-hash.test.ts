import { expect, test } from 'vitest';
import { contentSha256, sha256 } from './content-hash.ts';

// `sha256sum` over the lines that `sha256sum a-b a/z b` prints.
test('is what sha256sum says, in whatever order the files come', () => {
  const file = (path: string, text: string) => ({ path, sha256: sha256(Buffer.from(text)) });
  const files = [file('a/z', '1'), file('b', '2'), file('a-b', '3')];
  const whole = 'dc1ced6453d24b0d677689ae0846a15de6a95a760b3761bf0a0a6606e1cfa3ad';
  expect([contentSha256(files), contentSha256(files.reverse())]).toEqual([whole, whole]);
  const [renamed, other] = [file('a/z', '2'), file('b', '1')];
  expect(contentSha256([renamed, other, file('a-b', '3')])).not.toBe(whole);
});

test('sorts by the bytes of a path, not by UTF-16 units', () => {
  const at = (path: string) => ({ path, sha256: '0' });
  expect(contentSha256([at('\u{1f600}'), at('\ufb01')])).toBe(
    sha256(Buffer.from('0  \ufb01\n0  \u{1f600}\n')),
  );
});
