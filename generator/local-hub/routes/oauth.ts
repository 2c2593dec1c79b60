import { Hono } from 'hono';
import { HubFault, unauthorized } from '../faults.ts';
import { baseUrl, decodePath, type HubEnv, type HubRequest, readBody } from '../http.ts';
import { memberRole } from '../identity/permissions.ts';
import { principalOf } from '../identity/principal.ts';
import { Grants, idToken, issueToken, matchesChallenge } from '../oauth/grants.ts';
import { loginPage } from '../oauth/login-page.ts';
import {
  type AuthorizationRequest,
  cardOf,
  readRequest,
  spaceOfClient,
  tokenLifeMs,
} from '../oauth/request.ts';
import type { OrgRow, UserRow } from '../store/tables.ts';

const MAX_FORM = 64 * 1024;

/** OpenID Connect provider for Spaces: discovery, authorize, token, userinfo. */
export function oauthRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  const grants = new Grants();
  app.get('/.well-known/openid-configuration', (c) => c.json(discovery(baseUrl(c))));
  app.get('/oauth/authorize', async (c) => showLogin(c, await readRequest(c, c.req.query())));
  app.post('/oauth/authorize', (c) => logIn(c, grants));
  app.post('/oauth/token', (c) => exchange(c, grants));
  app.on(['GET', 'POST'], '/oauth/userinfo', (c) => c.json(userinfo(c)));
  return app;
}

function discovery(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['HS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: [
      'openid',
      'profile',
      'email',
      'read-repos',
      'write-repos',
      'manage-repos',
      'read-memberships',
      'jobs',
    ],
  };
}

async function showLogin(c: HubRequest, request: AuthorizationRequest, problem?: string) {
  const { db, options, mayPick } = c.var.hub;
  const pick = await mayPick();
  const users = db.values('users').filter((user) => mayLogIn(c, request, user));
  c.header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  );
  c.header('Cache-Control', 'no-store');
  const page = loginPage({
    space: request.space.repo,
    scopes: request.scopes,
    users,
    pick,
    busy: options.login === 'pick' && !pick,
    request: Object.fromEntries(Object.entries(request.values).map(([key, value]) => [key, String(value)])),
    problem,
  });
  return c.html(page, problem ? 403 : 200);
}

async function logIn(c: HubRequest, grants: Grants): Promise<Response> {
  const form = await formBody(c);
  const request = await readRequest(c, form);
  const user = await chosenUser(c, form);
  if (!user) return showLogin(c, request, 'This token is not known.');
  if (!mayLogIn(c, request, user)) return showLogin(c, request, 'This user may not log in here.');
  const { client_id: clientId, redirect_uri: redirectUri, state, nonce, code_challenge } = request.values;
  const grant = {
    clientId,
    redirectUri,
    user: user.name,
    scopes: request.scopes,
    nonce,
    codeChallenge: code_challenge,
  };
  const target = new URL(redirectUri);
  target.searchParams.set('code', grants.add(grant, c.var.hub.options.now()));
  if (state !== undefined) target.searchParams.set('state', state);
  return c.redirect(target.href, 303);
}

async function chosenUser(c: HubRequest, form: Record<string, string>): Promise<UserRow | undefined> {
  const { db, options, mayPick } = c.var.hub;
  if (await mayPick()) return db.get('users', (form.user ?? '').toLowerCase());
  try {
    const who = principalOf(db, `Bearer ${form.token ?? ''}`, options.now());
    return who && !who.token.oauth ? who.user : undefined;
  } catch (error) {
    if (error instanceof HubFault) return undefined;
    throw error;
  }
}

function mayLogIn(c: HubRequest, { authorizedOrgs }: AuthorizationRequest, user: UserRow): boolean {
  if (authorizedOrgs.length === 0) return true;
  return authorizedOrgs.some((org) => memberRole(c.var.hub.db.get('orgs', org.toLowerCase()), user.name));
}

async function exchange(c: HubRequest, grants: Grants): Promise<Response> {
  const { db, options } = c.var.hub;
  const form = await formBody(c);
  if (form.grant_type !== 'authorization_code') throw oauthFault(400, 'unsupported_grant_type');
  const grant = grants.take(form.code ?? '', options.now());
  if (!grant || grant.redirectUri !== form.redirect_uri) throw oauthFault(400, 'invalid_grant');
  const { space, authenticated } = client(c, form, grant.clientId);
  if (space.oauth.clientId !== grant.clientId) throw oauthFault(400, 'invalid_grant');
  if (grant.codeChallenge && !matchesChallenge(grant.codeChallenge, form.code_verifier ?? ''))
    throw oauthFault(400, 'invalid_grant');
  if (!authenticated && !grant.codeChallenge) throw oauthFault(401, 'invalid_client');
  const user = db.get('users', grant.user.toLowerCase());
  if (!user) throw oauthFault(400, 'invalid_grant');
  const lifeMs = tokenLifeMs(await cardOf(c, space));
  const accessToken = await issueToken(db, grant, lifeMs, options.now());
  c.header('Cache-Control', 'no-store');
  return c.json({
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: lifeMs / 1000,
    scope: grant.scopes.join(' '),
    id_token: idToken(baseUrl(c), space, user, grant, options.now()),
  });
}

/** The client by HTTP Basic, by form fields, or (PKCE) by the code it brings. @throws 400, 401 */
function client(c: HubRequest, form: Record<string, string>, ofCode: string) {
  const basic = /^Basic\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const [id, ...rest] = basic ? Buffer.from(basic, 'base64').toString('utf8').split(':').map(decodePath) : [];
  const space = spaceOfClient(c, id ?? form.client_id ?? ofCode);
  const secret = basic ? rest.join(':') : form.client_secret;
  if (secret !== undefined && secret !== space.oauth.clientSecret) throw oauthFault(401, 'invalid_client');
  return { space, authenticated: secret !== undefined };
}

function userinfo(c: HubRequest) {
  const { db, options } = c.var.hub;
  const who = principalOf(db, c.req.header('authorization'), options.now());
  if (!who?.token.oauth) throw unauthorized('An OAuth access token is needed');
  const { user } = who;
  const { scopes } = who.token.oauth;
  const orgs = db.values('orgs').filter((org) => memberRole(org, user.name));
  return {
    sub: user.id,
    name: user.fullname,
    preferred_username: user.name,
    profile: `${baseUrl(c)}/${user.name}`,
    picture: `${baseUrl(c)}/avatars/${user.name}.svg`,
    isPro: user.pro,
    ...(scopes.includes('email') && user.email && { email: user.email, email_verified: true }),
    orgs: orgs.map((org) => orgClaim(c, org, user, scopes.includes('read-memberships'))),
  };
}

function orgClaim(c: HubRequest, org: OrgRow, user: UserRow, withRole: boolean) {
  return {
    sub: org.id,
    name: org.fullname,
    preferred_username: org.name,
    picture: `${baseUrl(c)}/avatars/${org.name}.svg`,
    ...(org.plan && { plan: org.plan }),
    ...(withRole && { roleInOrg: memberRole(org, user.name) }),
  };
}

async function formBody(c: HubRequest): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams((await readBody(c, MAX_FORM)).toString('utf8')));
}

/** RFC 6749, section 5.2. */
function oauthFault(status: number, error: string): HubFault {
  return new HubFault(status, error, undefined, { error, error_description: error });
}
