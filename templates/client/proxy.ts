import type { ClientIo } from './io.ts';

const NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * Makes the built-in `fetch` honour HTTP_PROXY, HTTPS_PROXY and NO_PROXY, which Node 20 and 22 do not do by
 * themselves. Loopback is never proxied. Without these variables nothing is loaded.
 */
export async function useProxyFromEnv(env: ClientIo['env']): Promise<boolean> {
  if (!NAMES.some((name) => env[name])) return false;
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import('undici');
  setGlobalDispatcher(new EnvHttpProxyAgent(proxyOptions(env)));
  return true;
}

/** @returns the options of undici's agent; `noProxy` always holds the loopback names. */
export function proxyOptions(env: ClientIo['env']) {
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY;
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY ?? httpProxy;
  const given = env.no_proxy ?? env.NO_PROXY;
  const noProxy = [given, '127.0.0.1', 'localhost', '::1'].filter(Boolean).join(',');
  return {
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    noProxy,
  };
}
