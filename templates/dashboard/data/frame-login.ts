import { recall, remember } from './memory.ts';

/**
 * A login inside another site's frame. The Hub's login page may not be framed, so it opens in a tab of its own, and
 * browsers keep the tab's cookies from the frame. The frame therefore chooses a secret and tells it to the tab, which
 * takes it from a page of its own origin alone; the tab, once logged in, leaves the secret's hash with the server; the
 * frame shows the secret and gets a session of its own. Nobody else knows the secret, so a link that somebody sends
 * cannot fetch the session of who follows it.
 */
const ASK = 'collab-login';
const PARAM = 'frame-login';
const KEPT = 'collab-frame-login';
const HEADER = 'x-collab-claim';
const TRY_MS = 2_000;
const NO_FRAME_MS = 3_000;
const GIVE_UP_MS = 600_000;

let stop = () => {};

export const framed = (): boolean => window.top !== window.self;

/** In the frame. Calls `done` when the server gave this frame a session. */
export function logInFromFrame(next: string, done: () => void): void {
  const secret = randomText();
  const tab = window.open(`${location.pathname}?${PARAM}=1&next=${encodeURIComponent(next)}`, '_blank');
  const answer = (event: MessageEvent) => {
    if (event.source === tab && event.origin === location.origin && event.data === ASK)
      tab?.postMessage({ [ASK]: secret }, location.origin);
  };
  addEventListener('message', answer);
  const since = Date.now();
  stop();
  stop = () => {
    clearInterval(timer);
    removeEventListener('message', answer);
  };
  const timer = setInterval(async () => {
    if (Date.now() - since > GIVE_UP_MS) return stop();
    if (document.visibilityState !== 'visible' || !(await post('/login/claim', secret))) return;
    stop();
    done();
  }, TRY_MS);
}

/** In the tab, before anything is drawn: fetches the secret from the frame and goes to the login. @returns false: no such tab. */
export function goToLoginForFrame(): boolean {
  const query = new URLSearchParams(location.search);
  const opener = window.opener as Window | null;
  if (!query.has(PARAM)) return false;
  const go = () => location.replace(`/login?next=${encodeURIComponent(query.get('next') ?? '/')}`);
  if (!opener) {
    go();
    return true;
  }
  addEventListener('message', (event: MessageEvent) => {
    const secret: unknown = event.data?.[ASK];
    if (event.source !== opener || event.origin !== location.origin || typeof secret !== 'string') return;
    remember(KEPT, secret, 'tab');
    window.opener = null;
    go();
  });
  opener.postMessage(ASK, location.origin);
  // Somebody else opened this tab: an ordinary login, for this tab alone.
  setTimeout(go, NO_FRAME_MS);
  return true;
}

/** In the tab, logged in: leaves the hash for the frame. @returns true when a frame waits for it. */
export async function leaveForFrame(): Promise<boolean> {
  const secret = recall(KEPT, 'tab');
  if (secret === null) return false;
  remember(KEPT, null, 'tab');
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  return post('/login/handover', base64url(new Uint8Array(hash)));
}

const post = async (path: string, claim: string): Promise<boolean> =>
  (await fetch(path, { method: 'POST', headers: { [HEADER]: claim } }).catch(() => null))?.status === 204;

const randomText = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
