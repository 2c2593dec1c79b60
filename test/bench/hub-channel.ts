/** A hub port across the channel between a process and its child. */
import type { ChildProcess } from 'node:child_process';
import type { HubPort } from '@collab/hub/port.ts';

interface Asked {
  id: number;
  method: string;
  args: unknown[];
}

const isAsked = (message: unknown): message is Asked =>
  typeof message === 'object' && message !== null && 'method' in message;

/** In the child: every method goes to the parent. Its address is another machine's: reads are bounded as they are there. */
export function remoteHub(): HubPort {
  let next = 0;
  const open = new Map<number, { done(value: unknown): void; failed(error: unknown): void }>();
  process.on('message', (message: { id?: number; value?: unknown; error?: string }) => {
    if (message.id === undefined) return;
    const call = open.get(message.id);
    open.delete(message.id);
    if (message.error === undefined) call?.done(message.value);
    else call?.failed(new Error(message.error));
  });
  const ask =
    (method: string) =>
    (...args: unknown[]) =>
      new Promise((done, failed) => {
        open.set(++next, { done, failed });
        process.send?.({ id: next, method, args } satisfies Asked);
      });
  const own = { endpoint: 'http://hub.test' };
  return new Proxy(own, {
    get: (_, name) => (name === 'endpoint' ? own.endpoint : ask(String(name))),
  }) as unknown as HubPort;
}

/** In the parent: answers the child out of `hub`. */
export function answerFrom(hub: HubPort, child: ChildProcess): void {
  const methods = hub as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  child.on('message', async (message) => {
    if (!isAsked(message)) return;
    const { id, method, args } = message;
    const reply = await methods[method]?.(...args).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error: String(error) }),
    );
    // A child that was ended takes no more answers.
    if (child.connected) child.send(reply as object, () => {});
  });
}
