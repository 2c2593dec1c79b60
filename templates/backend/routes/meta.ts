/** What the server is: health, self-description, OpenAPI, who am I. */
import { openApi } from '@collab/contract/openapi.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import { allRoutes } from '@collab/contract/routes/index.ts';
import { describe, docs, healthz, me, openapi } from '@collab/contract/routes/meta.ts';
import type { Json } from '@collab/contract/schemas.ts';
import { isYoung } from '../auth/age.ts';
import { conventionsOf } from '../domain/conventions.ts';
import { docsPage } from '../domain/docs-page.ts';
import { handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Settings } from '../settings.ts';

/** What the reference calls itself. */
const REFERENCE = { title: 'bucket-sync', version: '1.3.0' };

export const routes: RouteModule = (s) => {
  const served = allRoutes.filter((r) => isServed(r, s.settings));
  const document = openApi(served, s.profile.compat ? REFERENCE : { title: s.settings.CHALLENGE_TITLE });
  const deep = rarely(() => health(s), s.now);
  return [
    handle(healthz, async (call) => (call.query.deep === '1' ? deep() : { body: { status: 'ok' as const } })),
    handle(describe, () => ({ body: description(s, served) })),
    handle(openapi, () => ({ body: document })),
    handle(docs, () => ({
      raw: docsPage(s.settings.CHALLENGE_TITLE, served),
      headers: { 'Content-Type': 'text/html; charset=utf-8' },
    })),
    handle(me, async (call) => {
      const user = await s.auth.user(call.credential);
      const role = user.isMember ? await s.auth.role(user).catch(() => null) : null;
      return {
        body: {
          hf_user: user.name,
          handle: user.handle,
          is_member: user.isMember,
          is_organizer: role === 'admin',
        },
      };
    }),
  ];
};

function isServed({ when }: AnyRoute, settings: Settings): boolean {
  return when === undefined || (when === 'peer' ? settings.VERIFICATION_MODE === 'peer' : settings[when]);
}

/** Anybody may ask, and it asks the Hub: not more often than that. */
const HEALTH_MS = 5_000;

function rarely<T>(make: () => Promise<T>, now: () => number): () => Promise<T> {
  let last: { at: number; made: Promise<T> } | null = null;
  return () => {
    if (!last || !isYoung(last.at, HEALTH_MS, now())) last = { at: now(), made: make() };
    return last.made;
  };
}

async function health(s: Services) {
  const hub = await s.hub.bucketInfo(s.settings.CENTRAL_BUCKET).then(
    (info) => (info ? 'ok' : 'central bucket missing'),
    () => 'not reachable',
  );
  const store = s.store.health;
  const good = hub === 'ok' && !store.stale && store.writer && store.listed_at !== null;
  return {
    status: good ? 200 : 503,
    body: {
      status: good ? ('ok' as const) : ('degraded' as const),
      hub,
      ...store,
      ...(s.budget && { hub_calls: s.budget.snapshot() }),
    },
  };
}

const list = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : []);

function description({ settings: v, profile }: Services, served: readonly AnyRoute[]) {
  return {
    service: 'bucket-sync' as const,
    collab: v.COLLAB_SLUG,
    title: v.CHALLENGE_TITLE,
    tagline: v.CHALLENGE_TAGLINE,
    org: v.ORG,
    central_bucket: v.CENTRAL_BUCKET,
    hub_endpoint: v.HF_ENDPOINT,
    score_field: v.SCORE_FIELD,
    score_label: v.SCORE_LABEL,
    score_unit: v.SCORE_UNIT,
    score_order: v.SCORE_ORDER,
    secondary_field: v.SECONDARY_FIELD || null,
    secondary_label: v.SECONDARY_LABEL || null,
    gates: list(v.GATES),
    divisions: list(v.DIVISIONS),
    lanes: list(v.LANES),
    invite_url: v.INVITE_URL || null,
    write_auth: v.WRITE_AUTH === 'open' ? ('open' as const) : ('key' as const),
    registration: v.REGISTRATION === 'compat' ? ('compat' as const) : ('nonce' as const),
    jobs_enabled: v.JOBS_ENABLED,
    login: v.OAUTH_CLIENT_ID !== '',
    docs: '/docs',
    conventions: conventionsOf(profile.compat),
    endpoints: served.map(endpoint),
  };
}

const endpoint = (r: AnyRoute) => ({
  method: r.method,
  path: r.path.replace('*}', '}'),
  params: [...Object.keys(r.params.shape), ...Object.keys(r.query.shape), ...bodyKeys(r)],
  purpose: r.doc,
  auth: r.auth,
});

function bodyKeys(r: AnyRoute): string[] {
  const shape = (r.body as { shape?: object } | null)?.shape;
  return shape ? Object.keys(shape) : [];
}
