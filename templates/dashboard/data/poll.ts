/**
 * Calls `tick` every `periodMs` while the page is seen and online, at once when it comes back, and never while it
 * is hidden. @returns stop.
 */
export function poll(tick: () => Promise<unknown>, periodMs: number, page: Document = document): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const next = () => {
    clearTimeout(timer);
    if (!stopped && page.visibilityState === 'visible') timer = setTimeout(run, periodMs);
  };
  const run = async () => {
    clearTimeout(timer);
    // One turn that goes wrong must not be the last one.
    await tick().catch(console.error);
    next();
  };
  const wake = () => (page.visibilityState === 'visible' ? void run() : clearTimeout(timer));
  page.addEventListener('visibilitychange', wake);
  globalThis.addEventListener?.('online', wake);
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
    page.removeEventListener('visibilitychange', wake);
    globalThis.removeEventListener?.('online', wake);
  };
}
