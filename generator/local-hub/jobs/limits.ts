import { readdir, readFile, stat } from 'node:fs/promises';
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

/** Why a running job must end, or `null`. */
export async function breach(limits: JobLimits, leader: number, dir: string): Promise<string | null> {
  const memory = await memoryOf(leader);
  if (memory > limits.memory)
    return `Job failed: out of memory (${gigabytes(memory)} GB of ${gigabytes(limits.memory)} GB)`;
  const disk = await sizeOf(dir, limits.disk);
  if (disk > limits.disk) return `Job failed: out of disk space (over ${gigabytes(limits.disk)} GB)`;
  return null;
}

const gigabytes = (bytes: number) => Math.round((bytes / GB) * 100) / 100;

/** Resident memory of a process, its group and its descendants (Linux; 0 elsewhere, where nothing shows it). */
async function memoryOf(leader: number): Promise<number> {
  const names = await readdir('/proc').catch(() => []);
  const rows = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readStatus));
  const members = new Set([leader]);
  let grown = true;
  while (grown) {
    const before = members.size;
    for (const row of rows)
      if (row && (row.group === leader || members.has(row.parent))) members.add(row.pid);
    grown = members.size > before;
  }
  return rows.reduce((sum, row) => sum + (row && members.has(row.pid) ? row.rss : 0), 0);
}

async function readStatus(name: string) {
  const text = await readFile(`/proc/${name}/status`, 'utf8').catch(() => null);
  if (text === null) return null;
  const field = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { pid: Number(name), parent: field('PPid'), group: field('NSpgid'), rss: field('VmRSS') * 1024 };
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
