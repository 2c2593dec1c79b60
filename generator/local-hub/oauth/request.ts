import { z } from 'zod';
import { HubFault } from '../faults.ts';
import { check, type HubRequest } from '../http.ts';
import { oauthScopes, readCard } from '../spaces/card.ts';
import type { SpaceRow } from '../store/tables.ts';

const REQUEST = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  response_type: z.literal('code'),
  scope: z.string().default('openid profile'),
  state: z.string().max(4096).optional(),
  nonce: z.string().max(512).optional(),
  code_challenge: z.string().max(256).optional(),
  code_challenge_method: z.literal('S256').optional(),
});

export interface AuthorizationRequest {
  values: z.infer<typeof REQUEST>;
  space: SpaceRow;
  scopes: string[];
  /** Organizations whose members may log in; empty: everybody. */
  authorizedOrgs: string[];
}

const DEFAULT_MINUTES = 480;
const MAX_MINUTES = 43_200;

/**
 * Checks an authorization request against the card of the Space it comes from.
 * @throws 400: nothing is redirected to an address that is not the Space's own
 */
export async function readRequest(c: HubRequest, input: unknown): Promise<AuthorizationRequest> {
  const values = check(REQUEST, input);
  const space = spaceOfClient(c, values.client_id);
  if (!isOwnAddress(c, space, values.redirect_uri))
    throw new HubFault(400, 'redirect_uri is not an address of the Space');
  const card = await cardOf(c, space);
  const allowed = oauthScopes(card);
  if (!allowed) throw new HubFault(400, 'The Space does not ask for logins: its card has no hf_oauth: true');
  const scopes = [...new Set(values.scope.split(/\s+/).filter((scope) => scope !== ''))];
  const foreign = scopes.filter((scope) => !allowed.includes(scope));
  if (foreign.length > 0)
    throw new HubFault(400, `The Space's card does not name the scope ${foreign.join(', ')}`);
  return {
    values,
    space,
    scopes,
    authorizedOrgs: [card.hf_oauth_authorized_org ?? []].flat().map(String),
  };
}

/** @throws 400 for an unknown client */
export function spaceOfClient(c: HubRequest, clientId: string): SpaceRow {
  const space = c.var.hub.db.values('spaces').find((row) => row.oauth.clientId === clientId);
  if (!space) throw new HubFault(400, 'Unknown client_id', undefined, { error: 'invalid_client' });
  return space;
}

export async function cardOf(c: HubRequest, space: SpaceRow): Promise<Record<string, unknown>> {
  const readme = space.files['README.md'];
  return readme ? readCard((await c.var.hub.blobs.get(readme.oid)).toString('utf8')) : {};
}

/** How long an access token for the Space lives. */
export function tokenLifeMs(card: Record<string, unknown>): number {
  const minutes = Number(card.hf_oauth_expiration_minutes);
  return (minutes > 0 ? Math.min(MAX_MINUTES, minutes) : DEFAULT_MINUTES) * 60_000;
}

function isOwnAddress(c: HubRequest, space: SpaceRow, redirectUri: string): boolean {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : null;
  const hosts = ['127.0.0.1', 'localhost', '[::1]', new URL(c.req.url).hostname];
  return (
    url !== null &&
    url.protocol === 'http:' &&
    hosts.includes(url.hostname) &&
    url.port === String(space.port)
  );
}
