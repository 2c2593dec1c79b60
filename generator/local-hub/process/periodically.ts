/** Does `work` every `ms`, never twice at once, until stopped; stopping waits for what is under way. */
export function periodically(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let last = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    last = work().finally(() => {
      busy = false;
    });
  }, ms);
  return {
    async stop() {
      clearInterval(timer);
      await last;
    },
  };
}
