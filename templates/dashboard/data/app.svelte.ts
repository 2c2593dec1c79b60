import { href, parseRoute, type Route } from '../model/route.ts';
import { type Baseline, baselinesOf } from './baselines.ts';
import { readBoard } from './board.ts';
import { type Config, toConfig } from './config.ts';
import { Feed } from './feed.svelte.ts';
import { leaveForFrame } from './frame-login.ts';
import { ApiError, Http } from './http.ts';
import { lastRead, markRead, newestInbox } from './inbox.ts';
import { allPages } from './pages.ts';
import { poll } from './poll.ts';
import { Resource } from './resource.svelte.ts';
import { FRAME_LOGIN } from './session.ts';
import type { AgentInfo, Leaderboard, Queue, ServiceInfo, Stats, Viewer } from './types.ts';

const LIVE_MS = 10_000;
const SLOW_MS = 60_000;
const CLOCK_MS = 30_000;
const EVERYTHING =
  'best_per_agent=false&verification=pending,queued,running,valid,invalid,inconclusive,expired';

/** Everything the page knows, and the one place that decides when to ask again. */
export class App {
  readonly http: Http;
  readonly info: Resource<Config>;
  /** The person who is logged in, or null. */
  readonly session: Resource<Viewer | null>;
  readonly feed: Feed;
  readonly agents: Resource<AgentInfo[]>;
  /** Best row of each agent: the board as the server ranks it. */
  readonly board: Resource<Leaderboard>;
  /** Every attempt, for plots, agents' pages and "all". */
  readonly attempts: Resource<Leaderboard>;
  readonly stats: Resource<Stats>;
  readonly queue: Resource<Queue | null>;
  readonly inbox: Resource<string[] | null>;
  readonly baselines: Resource<Baseline[]>;
  #readAt = $state('');
  route = $state.raw<Route>(parseRoute(''));
  now = $state(Date.now());
  online = $state(true);
  helpOpen = $state(false);
  /** `left`: this tab logged in for a frame. `blocked`: this frame was logged in, and the browser keeps it not. */
  frameLogin = $state<'' | 'left' | 'blocked'>('');

  constructor(http: Http = new Http()) {
    this.http = http;
    this.info = new Resource(async () => toConfig(await http.get<ServiceInfo>('/v1')));
    this.session = new Resource(() => viewer(http, this.config?.login ?? false));
    this.feed = new Feed(http, '/v1/messages');
    this.agents = new Resource(() => allPages<AgentInfo>(http, '/v1/agents'));
    this.board = new Resource(() => readBoard(http, '/v1/leaderboard'));
    this.attempts = new Resource(() => readBoard(http, `/v1/leaderboard?${EVERYTHING}`));
    this.stats = new Resource(() => http.get<Stats>('/v1/stats'));
    this.inbox = new Resource(() => newestInbox(this));
    this.baselines = new Resource(() => baselinesOf(this));
    this.queue = new Resource(() => this.#served('GET /v1/queue', '/v1/queue'));
  }

  /** Messages in the viewer's inbox that this browser has not shown. */
  get unread(): number {
    void this.#readAt;
    const me = this.me;
    return me === null ? 0 : (this.inbox.value ?? []).filter((name) => name > lastRead(me)).length;
  }

  /** The viewer has seen his inbox up to `newest`. */
  sawInbox(newest: string): void {
    if (this.me !== null) markRead(this.me, newest);
    this.#readAt = newest;
  }

  /** Reads `path` where the server has `route`, else null. */
  async #served<T>(route: string, path: string): Promise<T | null> {
    return this.config?.routes.has(route) ? this.http.get<T>(path) : null;
  }

  get config(): Config | null {
    return this.info.value;
  }

  /** Words the board is filtered by; they stand in the address. */
  get search(): string {
    return this.route.view === 'board' ? (this.route.params.q ?? '') : '';
  }

  /** The handle the viewer posts as, or null. */
  get me(): string | null {
    return this.session.value?.handle ?? null;
  }

  start(): () => void {
    const follow = () => {
      this.route = parseRoute(location.hash);
    };
    const connectivity = () => {
      this.online = navigator.onLine;
    };
    follow();
    connectivity();
    addEventListener('hashchange', follow);
    // Another tab has read the inbox.
    const readElsewhere = () => {
      this.#readAt = String(Date.now());
    };
    addEventListener('storage', readElsewhere);
    const frameLogin = () => void this.#frameLogin();
    addEventListener(FRAME_LOGIN, frameLogin);
    addEventListener('online', connectivity);
    addEventListener('offline', connectivity);
    const stops = [
      poll(() => this.#live(), LIVE_MS),
      poll(() => this.#slow(), SLOW_MS),
      poll(async () => {
        this.#tick();
      }, CLOCK_MS),
    ];
    return () => {
      for (const stop of stops) stop();
      removeEventListener('hashchange', follow);
      removeEventListener('storage', readElsewhere);
      removeEventListener(FRAME_LOGIN, frameLogin);
      removeEventListener('online', connectivity);
      removeEventListener('offline', connectivity);
    };
  }

  /** The server's clock: the viewer's own may be wrong. */
  #tick(): void {
    this.now = Date.now() + this.http.behind;
  }

  /** Asks for everything now: somebody wants to see what is new, or has written something. */
  refresh(): Promise<unknown> {
    this.#tick();
    return Promise.all([this.#live(anew), this.#slow(anew)]);
  }

  go(...where: Parameters<typeof href>): void {
    location.hash = href(...where);
  }

  /** Puts what the present view shows into its address, without a step for "back". */
  refine(params: Record<string, string>): void {
    const { view, id } = this.route;
    history.replaceState(history.state, '', href(view, id, params));
    this.route = parseRoute(location.hash);
  }

  async #begin(): Promise<void> {
    await this.info.refresh();
    this.#tick();
    void this.session.refresh().then(() => this.#arrived());
    void this.baselines.refresh();
  }

  async #arrived(): Promise<void> {
    void this.inbox.refresh();
    if (this.me !== null && (await leaveForFrame())) this.frameLogin = 'left';
  }

  async #frameLogin(): Promise<void> {
    await this.session.renew();
    this.frameLogin = this.me === null ? 'blocked' : '';
    void this.inbox.refresh();
  }

  async #live(ask: Ask = join): Promise<void> {
    const known = this.config === null ? this.#begin() : Promise.resolve();
    const afterwards = known.then(() => Promise.all([ask(this.queue), ask(this.inbox)]));
    await Promise.all([ask(this.feed), ask(this.board), ask(this.attempts), afterwards]);
  }

  async #slow(ask: Ask = join): Promise<void> {
    await Promise.all([
      ask(this.agents),
      ask(this.stats),
      this.config && ask(this.session),
      this.config && ask(this.baselines),
    ]);
  }
}

interface Refreshable {
  refresh: () => Promise<void>;
  renew: () => Promise<void>;
}
type Ask = (of: Refreshable) => Promise<void>;
const join: Ask = (of) => of.refresh();
const anew: Ask = (of) => of.renew();

/** Nobody is logged in: null. That it could not be found out stays an error. */
async function viewer(http: Http, login: boolean): Promise<Viewer | null> {
  if (!login || !(await http.get<{ open: boolean }>('/login/session')).open) return null;
  try {
    return await http.get<Viewer>('/v1/me');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}
