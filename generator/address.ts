/** Whether a server that listens on `host` listens on every address of the machine. */
export const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Where what listens on `host` is reached from this machine. */
export const reachable = (host: string): string => (isEveryAddress(host) ? '127.0.0.1' : host);

/** Address of a page that listens on `host`, for this machine. */
export function urlAt(host: string, port: number): string {
  const reached = reachable(host);
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
