/** JSON and text files of the private bucket; one writer per path at a time. */
import type { HubPort } from '@collab/hub/port.ts';
import { tryJson } from '../codec/json.ts';
import { hubFailure } from './hub-failure.ts';
import type { PrivateFiles } from './types.ts';

/** Runs tasks with the same key one after the other. */
export function serialised(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return (key, task) => {
    const run = (tails.get(key) ?? Promise.resolve()).then(task, task);
    const tail = run.catch(() => {}).finally(() => tails.get(key) === tail && tails.delete(key));
    tails.set(key, tail);
    return run;
  };
}

export function privateFiles(hub: HubPort, bucket: string): PrivateFiles {
  const alone = serialised();
  const readText = async (path: string, maxBytes?: number) => {
    const bytes = await hub.readFile(bucket, path, { maxBytes }).catch(hubFailure(`read ${path}`));
    return bytes === null ? null : new TextDecoder().decode(bytes);
  };
  const put = async (path: string, text: string) => {
    const { failed } = await hub
      .write(bucket, { adds: [{ path, content: text }] })
      .catch(hubFailure(`write ${path}`));
    if (failed[0]) hubFailure(`write ${path}`)(new Error(failed[0].error));
  };
  return {
    bucket,
    readText,
    async readJson<T>(path: string) {
      const text = await readText(path);
      if (text === null) return null;
      const value = tryJson(text);
      return value === undefined ? hubFailure(`read ${path}`)(new Error('not JSON')) : (value as T);
    },
    writeText: (path, text) => alone(path, () => put(path, text)),
    writeJson: (path, value) => alone(path, () => put(path, `${JSON.stringify(value, null, 2)}\n`)),
    async writeFiles(files) {
      if (files.length === 0) return;
      const { failed } = await hub.write(bucket, { adds: [...files] }).catch(hubFailure('write files'));
      if (failed[0]) hubFailure(`write ${failed[0].path}`)(new Error(failed[0].error));
    },
    updateText: (path, change) =>
      alone(path, async () => {
        const after = change(await readText(path));
        if (after !== undefined) await put(path, after);
      }),
    async list(prefix) {
      return (await hub.listFiles(bucket, prefix).catch(hubFailure(`list ${prefix}`))) ?? [];
    },
  };
}
