import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { JOB_HARDWARE } from './hardware.ts';

/** What one job may use; both in bytes. */
export interface JobLimits {
  memory: number;
  /** Everything below the job's folder: its volumes, its working folder, its home. */
  disk: number;
}

const GB = 1024 ** 3;
/** Disk of the Hub's smallest hardware (hub-docs, spaces-gpus.md). */
const DISK = 50 * GB;

/** Memory of the flavor, and no more than nine tenths of what this machine has. */
export function limitsOf(flavor: string): JobLimits {
  const ram = JOB_HARDWARE.find((entry) => entry.name === flavor)?.ram ?? '16 GB';
  return { memory: Math.min(Number.parseInt(ram, 10) * GB, 0.9 * totalmem()), disk: DISK };
}

/** Why a running job must end for its memory, or `null`. */
export function overMemory({ memory: limit }: JobLimits, leader: number): string | null {
  const memory = memoryOf(leader);
  if (memory <= limit) return null;
  return `Job failed: out of memory (${gigabytes(memory)} GB of ${gigabytes(limit)} GB)`;
}

/** Why a running job must end for what lies in its folder, or `null`. */
export async function overDisk({ disk: limit }: JobLimits, dir: string): Promise<string | null> {
  if ((await sizeOf(dir, limit)) <= limit) return null;
  return `Job failed: out of disk space (over ${gigabytes(limit)} GB)`;
}

const gigabytes = (bytes: number) => Math.round((bytes / GB) * 100) / 100;

/** Resident memory of a process, its group and its descendants (Linux; 0 elsewhere, where nothing shows it). */
function memoryOf(leader: number): number {
  const rows = processes();
  const members = new Set([leader]);
  let grown = true;
  while (grown) {
    const before = members.size;
    for (const row of rows) if (row.group === leader || members.has(row.parent)) members.add(row.pid);
    grown = members.size > before;
  }
  return rows.reduce((sum, row) => sum + (members.has(row.pid) ? row.rss : 0), 0);
}

/** Without waiting: procfs answers from memory, and a tenth of the time goes by this way. */
function processes() {
  if (!existsSync('/proc/self/status')) return [];
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const row = readStatus(name);
    return row ? [row] : [];
  });
}

function readStatus(name: string) {
  try {
    const text = readFileSync(`/proc/${name}/status`, 'latin1');
    const field = (key: string) =>
      Number(text.slice(text.indexOf(`\n${key}:`) + key.length + 2).match(/\d+/)?.[0]);
    const rss = text.includes('\nVmRSS:') ? field('VmRSS') * 1024 : 0;
    return { pid: Number(name), parent: field('PPid'), group: field('NSpgid'), rss };
  } catch {
    return null;
  }
}

/** Bytes of the files below a folder; stops counting once over `enough`. */
async function sizeOf(dir: string, enough: number): Promise<number> {
  let size = 0;
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) size += await sizeOf(path, enough - size);
    else if (entry.isFile()) size += (await stat(path).catch(() => ({ size: 0 }))).size;
    if (size > enough) break;
  }
  return size;
}
