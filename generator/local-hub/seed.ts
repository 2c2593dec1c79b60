import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { CollabError } from '../errors.ts';
import { tokenKey } from './identity/principal.ts';
import { type Database, put } from './store/database.ts';
import type { Op } from './store/records.ts';

const NAME = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,94}[A-Za-z0-9])?$/, 'letters, digits and single dashes');
const SCOPE = z.strictObject({ name: z.string(), type: z.string(), permissions: z.array(z.string()) });
const TOKEN = z.strictObject({
  token: z.string().regex(/^hf_[A-Za-z0-9_-]+$/, 'a token starts with hf_'),
  name: z.string().optional(),
  role: z.enum(['read', 'write', 'fineGrained']).default('write'),
  scopes: z.array(SCOPE).default([]),
});
const USER = z.strictObject({
  name: NAME,
  token: TOKEN.shape.token.optional(),
  role: TOKEN.shape.role,
  scopes: TOKEN.shape.scopes,
  /** More tokens of the same user. */
  tokens: z.array(TOKEN).default([]),
  fullname: z.string().optional(),
  email: z.string().optional(),
  pro: z.boolean().default(false),
  credits: z.number().optional(),
});
const ORG = z.strictObject({
  name: NAME,
  fullname: z.string().optional(),
  plan: z.enum(['team', 'enterprise', 'plus', 'academia']).nullish(),
  credits: z.number().optional(),
  members: z
    .array(
      z.strictObject({ user: NAME, role: z.enum(['admin', 'write', 'contributor', 'read', 'no_access']) }),
    )
    .default([]),
});
const SEED = z.strictObject({ users: z.array(USER).default([]), orgs: z.array(ORG).default([]) });
export type Seed = z.input<typeof SEED>;

/** @throws CollabError BAD_SEED with every problem of the file */
export async function readSeed(path: string): Promise<Seed> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new CollabError('BAD_SEED', `Could not read ${path}: ${error.code}`);
  });
  return parseSeed(parse(text) ?? {}, path);
}

/** Adds and updates users, tokens, organizations and roles. What the seed does not name stays. */
export async function applySeed(db: Database, seed: Seed, now: number): Promise<void> {
  const { users, orgs } = parseSeed(seed, 'seed');
  const createdAt = new Date(now).toISOString();
  const newId = () => randomBytes(12).toString('hex');
  const ops: Op[] = [];
  for (const { token, tokens, role, scopes, name, fullname, email, pro, credits } of users) {
    const known = db.get('users', name.toLowerCase());
    const id = known?.id ?? newId();
    const row = { id, name, fullname: fullname ?? name, email: email ?? null, pro, credits };
    ops.push(put('users', name.toLowerCase(), { ...row, createdAt: known?.createdAt ?? createdAt }));
    for (const t of token ? [{ token, role, scopes, name: undefined }, ...tokens] : tokens) {
      const displayName = t.name ?? `${name}-${t.role}`;
      ops.push(
        put('tokens', tokenKey(t.token), {
          user: name,
          displayName,
          role: t.role,
          scopes: t.scopes,
          createdAt,
        }),
      );
    }
  }
  for (const { name, fullname, plan, credits, members } of orgs) {
    const known = db.get('orgs', name.toLowerCase());
    const roles = Object.fromEntries(members.map((member) => [member.user, member.role]));
    const row = { id: known?.id ?? newId(), name, fullname: fullname ?? name, plan: plan ?? null, credits };
    ops.push(
      put('orgs', name.toLowerCase(), {
        ...row,
        createdAt: known?.createdAt ?? createdAt,
        members: { ...known?.members, ...roles },
      }),
    );
  }
  await db.write(...ops);
}

function parseSeed(value: unknown, path: string): z.output<typeof SEED> {
  const parsed = SEED.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CollabError('BAD_SEED', `${path} is not a valid seed of the embedded hub.`, {
    problems: parsed.error.issues.map(({ path: at, message }) => ({
      at: at.map(String).join('.') || path,
      problem: message,
    })),
  });
}
