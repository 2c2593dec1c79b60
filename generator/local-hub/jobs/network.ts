import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { JobRow } from '../store/tables.ts';

const HOSTS = '/etc/hosts';
/** Puts a hosts file before a program; the process stays the same through all `exec`s. */
const BIND = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
const BIND_AS_USER =
  'mount --bind "$1" /etc/hosts && shift && exec unshare --user --map-user="$U" --map-group="$G" "$@"';

/** Everything a job runs is on loopback: a group's members share one address, and keep to different ports. */
const ADDRESS = '127.0.0.1';

/** The group a job belongs to, the same for jobs of one namespace; `null` without one. */
export function groupOf(job: JobRow): string | null {
  return job.network ? `${job.namespace.toLowerCase()}/${job.network.group}` : null;
}

let probed: Promise<string[] | null> | undefined;

/**
 * What goes before `{hosts file} {program} …` so that the program has a hosts file of its own: Linux, as root or with
 * user namespaces. `null` where that is not allowed, and aliases cannot be resolved.
 */
export function hostsWrapper(): Promise<string[] | null> {
  probed ??= probe();
  return probed;
}

async function probe(): Promise<string[] | null> {
  const ids = `U=${process.getuid?.() ?? 0} G=${process.getgid?.() ?? 0};`;
  const candidates = [
    ['--mount', '/bin/sh', '-c', BIND],
    ['--user', '--map-root-user', '--mount', '/bin/sh', '-c', `${ids} ${BIND_AS_USER}`],
  ].map((flags) => ['unshare', ...flags, 'sh']);
  for (const [program, ...args] of candidates) {
    const works = await promisify(execFile)(program as string, [...args, HOSTS, 'true']).catch(() => null);
    if (works) return [program as string, ...args];
  }
  return null;
}

/** What a job finds the other members of its group with. */
export interface Membership {
  env: Record<string, string>;
  /** Goes before the command. */
  wrapper: string[];
}

/** Names of the members of groups: a hosts file per group, rewritten in place as members come and go. */
export class NetworkGroups {
  private readonly dir: string;
  private readonly members = new Map<string, JobRow[]>();

  constructor(dir: string) {
    this.dir = dir;
  }

  has(group: string): boolean {
    return this.members.has(group);
  }

  /** Adds a job that is about to start; gives what it finds the others with. */
  async join(job: JobRow): Promise<Membership> {
    const group = groupOf(job);
    if (group === null || !job.network) return { env: {}, wrapper: [] };
    this.members.set(group, [...(this.members.get(group) ?? []), job]);
    const env = { HF_NETWORK_GROUP_HOSTNAME: ADDRESS, HF_NETWORK_GROUP_PREFIX: prefixOf(job.network.group) };
    const wrapper = await hostsWrapper();
    if (!wrapper) return { env, wrapper: [] };
    return { env, wrapper: [...wrapper, await this.write(group)] };
  }

  async leave(job: JobRow): Promise<void> {
    const group = groupOf(job);
    const left = (this.members.get(group ?? '') ?? []).filter((member) => member.id !== job.id);
    if (group === null) return;
    if (left.length > 0) {
      this.members.set(group, left);
      if (await hostsWrapper()) await this.write(group);
    } else {
      this.members.delete(group);
      await rm(this.path(group), { force: true });
    }
  }

  private async write(group: string): Promise<string> {
    const jobs = this.members.get(group) ?? [];
    const names = new Set(
      jobs.flatMap(({ network }) =>
        (network?.aliases ?? []).map((alias) => prefixOf(network?.group ?? '') + alias),
      ),
    );
    const lines = [...names].map((name) => `${ADDRESS} ${name}\n`);
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    await writeFile(this.path(group), (await readFile(HOSTS, 'utf8').catch(() => '')) + lines.join(''));
    return this.path(group);
  }

  private path(group: string): string {
    return join(this.dir, `${group.replace('/', ' ')}.hosts`);
  }
}

const prefixOf = (group: string) => `${group}--`;
