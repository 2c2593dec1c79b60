/**
 * Puts the text of `box` on the clipboard. Inside another site's frame the asynchronous way needs a permission that
 * frames seldom have; the old way works there after a click, so it is the second try.
 * @returns false: neither was allowed; the text is left selected.
 */
export async function copyFrom(box: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(box.textContent ?? '');
    return true;
  } catch {
    getSelection()?.selectAllChildren(box);
    return document.execCommand('copy');
  }
}
