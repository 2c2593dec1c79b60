import { z } from 'zod';
import { allPages } from './pages.ts';
import { segment } from './paths.ts';
import type { HubPort, Identity } from './port.ts';
import { parseJson, type Transport } from './transport.ts';

const Org = z.looseObject({
  name: z.string(),
  roleInOrg: z.string().optional(),
  plan: z.string().nullish(),
  canPay: z.boolean().nullish(),
});
const Scope = z.looseObject({
  entity: z.looseObject({ name: z.string().default(''), type: z.string() }),
  permissions: z.array(z.string()),
});
const Whoami = z.looseObject({
  name: z.string(),
  type: z.string(),
  email: z.string().nullish(),
  isPro: z.boolean().nullish(),
  canPay: z.boolean().nullish(),
  orgs: z.array(Org).nullish(),
  auth: z
    .looseObject({
      type: z.string().optional(),
      accessToken: z
        .looseObject({
          role: z.string().optional(),
          fineGrained: z.looseObject({ scoped: z.array(Scope).nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
const Overview = z.looseObject({ plan: z.string().nullish() });
const Members = z.array(z.looseObject({ user: z.string(), role: z.string().nullish() }));

type IdentityPort = Pick<
  HubPort,
  'whoami' | 'orgMembers' | 'memberByEmail' | 'orgExists' | 'orgPlan' | 'hubTime'
>;

export function identityCalls(transport: Transport): IdentityPort {
  const membersOf = (org: string, query: string) =>
    allPages(
      transport,
      { method: 'GET', path: `/api/organizations/${segment(org)}/members?${query}`, effect: 'read' },
      Members,
    );
  return {
    whoami: async (token) => {
      const answer = await transport.send({
        method: 'GET',
        path: '/api/whoami-v2',
        effect: 'read',
        ...(token === undefined ? {} : { token }),
      });
      return identityOf(parseJson(answer, Whoami));
    },
    orgMembers: async (org) => {
      const members = await membersOf(org, 'limit=10000');
      if (members === null) return new Map();
      return new Map(members.map((member) => [member.user.toLowerCase(), member.role ?? '']));
    },
    memberByEmail: async (org, email) => {
      const found = (await membersOf(org, `email=${segment(email)}&limit=10`))?.[0];
      if (!found) return null;
      return { user: found.user, ...(found.role ? { role: found.role } : {}) };
    },
    orgExists: async (org) => {
      const path = `/api/organizations/${segment(org)}/overview`;
      return (await transport.sendOrNull({ method: 'GET', path, effect: 'read', plain404: true })) !== null;
    },
    orgPlan: async (org) => {
      const path = `/api/organizations/${segment(org)}/overview`;
      const answer = await transport.sendOrNull({ method: 'GET', path, effect: 'read', plain404: true });
      return (answer && parseJson(answer, Overview).plan) || null;
    },
    hubTime: async () => {
      const path = '/api/jobs/hardware';
      const { headers } = await transport.send({ method: 'GET', path, effect: 'read', token: null });
      const time = Date.parse(headers.get('date') ?? '');
      return Number.isNaN(time) ? null : time;
    },
  };
}

function identityOf(raw: z.infer<typeof Whoami>): Identity {
  const token = raw.auth?.accessToken;
  return {
    name: raw.name,
    type: raw.type,
    ...(raw.email ? { email: raw.email } : {}),
    isPro: raw.isPro ?? false,
    ...(typeof raw.canPay === 'boolean' ? { canPay: raw.canPay } : {}),
    tokenRole: token?.role ?? (raw.auth?.type === 'access_token' ? undefined : raw.auth?.type) ?? 'unknown',
    scopes: (token?.fineGrained?.scoped ?? []).map((scope) => ({
      name: scope.entity.name,
      type: scope.entity.type,
      permissions: scope.permissions,
    })),
    orgs: (raw.orgs ?? []).map((org) => ({
      name: org.name,
      ...(org.roleInOrg ? { role: org.roleInOrg } : {}),
      ...(org.plan ? { plan: org.plan } : {}),
      ...(typeof org.canPay === 'boolean' ? { canPay: org.canPay } : {}),
    })),
  };
}
