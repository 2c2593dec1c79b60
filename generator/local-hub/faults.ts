/** A request the hub answers with an error. `code` becomes X-Error-Code, as the real clients read it. */
export class HubFault extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly extra: Record<string, unknown>;
  constructor(status: number, message: string, code?: string, extra: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

export const badRequest = (message: string) => new HubFault(400, message);
export const unauthorized = (message = 'Invalid username or password.', code?: string) =>
  new HubFault(401, message, code);
export const forbidden = (message: string) => new HubFault(403, message);
export const repoNotFound = (message = 'Repository not found') => new HubFault(404, message, 'RepoNotFound');
export const entryNotFound = (path: string) => new HubFault(404, `Entry not found: ${path}`, 'EntryNotFound');
/** A part of the Hub that is not here: never taken for a thing that is missing. */
export const absent = (what: string) => new HubFault(501, `The embedded hub has no ${what}`);
export const notFound = (message: string) => new HubFault(404, message);
