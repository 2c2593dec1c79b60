import { Hono } from 'hono';
import { z } from 'zod';
import { forbidden, HubFault, notFound } from '../faults.ts';
import { type HubEnv, type HubRequest, intQuery, jsonBody, nextPage } from '../http.ts';
import { canManageOrg, isOrgMember, memberRole, requireUser } from '../identity/permissions.ts';
import type { Principal } from '../identity/principal.ts';
import { put } from '../store/database.ts';
import type { OrgRole, OrgRow, UserRow } from '../store/tables.ts';

const ROLES = z.enum(['admin', 'write', 'contributor', 'read', 'no_access']);

/** whoami, users, organizations and their members. */
export function identityRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/whoami-v2', (c) => c.json(whoami(c, requireUser(c.var.who))));
  app.get('/users/:user/overview', (c) => c.json(userOverview(c)));
  app.get('/organizations/:org/overview', (c) => c.json(orgOverview(c)));
  app.get('/organizations/:org/members', (c) => listMembers(c));
  app.put('/organizations/:org/members/:user/role', (c) => setRole(c));
  return app;
}

function whoami(c: HubRequest, { user, token }: Principal) {
  const showRoles = !token.oauth || token.oauth.scopes.includes('read-memberships');
  const orgs = c.var.hub.db.values('orgs').filter((org) => memberRole(org, user.name));
  return {
    type: 'user',
    id: user.id,
    name: user.name,
    fullname: user.fullname,
    email: user.email,
    emailVerified: user.email !== null,
    canPay: (user.credits ?? 1) > 0,
    isPro: user.pro,
    billingMode: 'prepaid',
    periodEnd: null,
    avatarUrl: avatar(user.name),
    orgs: orgs.map((org) => ({
      ...orgEntry(org),
      ...(showRoles && { roleInOrg: memberRole(org, user.name) }),
    })),
    auth: { type: token.oauth ? 'oauth' : 'access_token', ...tokenEntry({ user, token }) },
  };
}

function tokenEntry({ token }: Principal) {
  if (token.oauth) return { expiresAt: new Date(token.oauth.expiresAt).toISOString() };
  const { displayName, role, createdAt } = token;
  const scoped = token.scopes.map(({ name, type, permissions }) => ({
    entity: { _id: name, name, type },
    permissions,
  }));
  const fineGrained = { canReadGatedRepos: false, global: [], scoped };
  return { accessToken: { displayName, role, createdAt, ...(role === 'fineGrained' && { fineGrained }) } };
}

function orgEntry(org: OrgRow) {
  return {
    type: 'org',
    id: org.id,
    name: org.name,
    fullname: org.fullname,
    email: null,
    canPay: (org.credits ?? 1) > 0,
    billingMode: 'prepaid',
    avatarUrl: avatar(org.name),
    periodEnd: null,
    ...(org.plan && { plan: org.plan }),
    securityRestrictions: [],
    resourceGroups: [],
  };
}

function userOverview(c: HubRequest) {
  const user = c.var.hub.db.get('users', c.req.param('user')?.toLowerCase() ?? '');
  if (!user) throw notFound('This user does not exist');
  return {
    _id: user.id,
    user: user.name,
    type: 'user',
    fullname: user.fullname,
    isPro: user.pro,
    avatarUrl: avatar(user.name),
    createdAt: user.createdAt,
  };
}

function orgOverview(c: HubRequest) {
  const org = requireOrg(c);
  const plan = org.plan ? { plan: org.plan } : {};
  const { id: _id, name, fullname } = org;
  const numUsers = Object.keys(org.members).length;
  return {
    _id,
    name,
    fullname,
    type: 'org',
    numUsers,
    avatarUrl: avatar(org.name),
    isEnterprise: false,
    ...plan,
  };
}

function listMembers(c: HubRequest): Response {
  const { db } = c.var.hub;
  const org = requireOrg(c);
  const who = requireUser(c.var.who);
  if (!isOrgMember(db, who, org.name)) throw forbidden('Only members may list the members');
  const email = c.req.query('email')?.toLowerCase();
  const search = c.req.query('search')?.toLowerCase() ?? '';
  const rows = Object.entries(org.members)
    .map(([name, role]) => ({ user: db.get('users', name.toLowerCase()), role }))
    .filter((row): row is { user: UserRow; role: OrgRole } => row.user !== undefined)
    .filter(({ user }) => email === undefined || user.email?.toLowerCase() === email)
    .filter(({ user }) => user.name.toLowerCase().includes(search))
    .sort((a, b) => (a.user.id < b.user.id ? -1 : 1));
  const limit = intQuery(c, 'limit', 500, 1, 10_000);
  const cursor = c.req.query('cursor');
  const rest = cursor ? rows.filter((row) => row.user.id > cursor) : rows;
  const page = rest.slice(0, limit);
  if (rest.length > limit) c.header('link', nextPage(c, page.at(-1)?.user.id ?? ''));
  return c.json(page.map(memberEntry));
}

function memberEntry({ user, role }: { user: UserRow; role: OrgRole }) {
  return {
    _id: user.id,
    type: 'user',
    user: user.name,
    fullname: user.fullname,
    avatarUrl: avatar(user.name),
    isPro: user.pro,
    role,
  };
}

async function setRole(c: HubRequest): Promise<Response> {
  const { db } = c.var.hub;
  const { role } = await jsonBody(c, z.object({ role: ROLES }));
  const org = requireOrg(c);
  if (!canManageOrg(db, requireUser(c.var.who), org.name)) throw forbidden('Only admins may change roles');
  if (!org.plan) throw new HubFault(402, 'Changing roles needs a paid plan');
  const member = Object.keys(org.members).find((m) => m.toLowerCase() === c.req.param('user')?.toLowerCase());
  if (!member) throw notFound('No such member');
  const members = { ...org.members, [member]: role };
  await db.write(put('orgs', org.name.toLowerCase(), { ...org, members }));
  return c.json({ success: true });
}

function requireOrg(c: HubRequest): OrgRow {
  const org = c.var.hub.db.get('orgs', c.req.param('org')?.toLowerCase() ?? '');
  if (!org) throw notFound('This organization does not exist');
  return org;
}

function avatar(name: string): string {
  return `/avatars/${name}.svg`;
}
