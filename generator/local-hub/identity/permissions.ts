import { forbidden, repoNotFound, unauthorized } from '../faults.ts';
import type { Database } from '../store/database.ts';
import type { OrgRole, OrgRow } from '../store/tables.ts';
import type { Principal } from './principal.ts';

/** What of a bucket or a Space decides who may do what. */
export interface Repo {
  repo: string;
  author: string;
  private: boolean;
}

export type RepoType = 'bucket' | 'space';

const RANK: Record<OrgRole, number> = { no_access: 0, read: 1, contributor: 2, write: 3, admin: 4 };
const READING = ['repo.content.read', 'repo.write', 'repo.access.read'];

/** Role in an organization; the owner of a personal namespace counts as its admin. */
export function roleIn(db: Database, who: Principal | null, namespace: string): OrgRole {
  if (!who) return 'no_access';
  if (who.user.name.toLowerCase() === namespace.toLowerCase()) return 'admin';
  return memberRole(db.get('orgs', namespace.toLowerCase()), who.user.name) ?? 'no_access';
}

/** Role of a member. A name that every object knows, such as `constructor`, is nobody's role. */
export function memberRole(org: OrgRow | undefined, user: string): OrgRole | undefined {
  return org && Object.hasOwn(org.members, user) ? org.members[user] : undefined;
}

export function canRead(db: Database, who: Principal | null, repo: Repo, type: RepoType): boolean {
  if (!repo.private) return true;
  if (!who || RANK[roleIn(db, who, namespaceOf(repo.repo))] < RANK.read) return false;
  return tokenAllows(who, READING, repo.repo, type);
}

/** Admins and writers write everything of their namespace, contributors what they created. */
export function canWrite(db: Database, who: Principal | null, repo: Repo, type: RepoType): boolean {
  if (!who) return false;
  const rank = RANK[roleIn(db, who, namespaceOf(repo.repo))];
  const own = repo.author.toLowerCase() === who.user.name.toLowerCase();
  if (rank < RANK.contributor || (rank === RANK.contributor && !own)) return false;
  return tokenAllows(who, ['repo.write'], repo.repo, type);
}

export function canCreate(db: Database, who: Principal, repo: string, type: RepoType): boolean {
  if (RANK[roleIn(db, who, namespaceOf(repo))] < RANK.contributor) return false;
  return tokenAllows(who, ['repo.write'], repo, type);
}

/** Jobs spend the namespace's credits: writers and admins only. */
export function canRunJobs(db: Database, who: Principal, namespace: string): boolean {
  if (RANK[roleIn(db, who, namespace)] < RANK.write) return false;
  return tokenAllows(who, ['job.write'], `${namespace}/`, 'bucket');
}

/** Admins, with a token that may change the organization. */
export function canManageOrg(db: Database, who: Principal, org: string): boolean {
  return roleIn(db, who, org) === 'admin' && tokenAllows(who, ['org.write'], `${org}/`, 'bucket');
}

export function isOrgMember(db: Database, who: Principal | null, org: string): boolean {
  return RANK[roleIn(db, who, org)] > RANK.no_access;
}

/** @throws 401 without a token, 404 for somebody who may not know that the repo exists */
export function requireRead<T extends Repo>(
  db: Database,
  who: Principal | null,
  repo: T | undefined,
  type: RepoType,
): T {
  if (repo && canRead(db, who, repo, type)) return repo;
  if (!who) throw unauthorized('Invalid username or password.', 'RepoNotFound');
  throw repoNotFound();
}

/** @throws like requireRead, and 403 for somebody who may only read */
export function requireWrite<T extends Repo>(
  db: Database,
  who: Principal | null,
  repo: T | undefined,
  type: RepoType,
): T {
  const found = requireRead(db, who, repo, type);
  if (!who) throw unauthorized();
  if (!canWrite(db, who, found, type))
    throw forbidden(
      `You don't have write access to ${found.repo}: check the role and the token's permissions`,
    );
  return found;
}

export function requireUser(who: Principal | null): Principal {
  if (!who) throw unauthorized();
  return who;
}

export function namespaceOf(repo: string): string {
  return repo.slice(0, repo.indexOf('/'));
}

function tokenAllows(who: Principal, permissions: string[], repo: string, type: RepoType): boolean {
  const { token } = who;
  if (token.oauth) return oauthAllows(token.oauth.scopes, permissions);
  if (token.role === 'write' || token.role === 'god') return true;
  if (token.role === 'read') return permissions === READING;
  const namespace = namespaceOf(repo).toLowerCase();
  return token.scopes.some((scope) => {
    const covers =
      scope.type === 'org' || scope.type === 'user'
        ? scope.name.toLowerCase() === namespace
        : scope.type === type && scope.name.toLowerCase() === repo.toLowerCase();
    return covers && scope.permissions.some((permission) => permissions.includes(permission));
  });
}

function oauthAllows(scopes: string[], permissions: string[]): boolean {
  const granted = scopes.flatMap(
    (scope) =>
      ({
        'read-repos': READING.slice(0, 1),
        'write-repos': READING,
        'manage-repos': READING,
        jobs: ['job.write'],
      })[scope] ?? [],
  );
  return granted.some((permission) => permissions.includes(permission));
}
