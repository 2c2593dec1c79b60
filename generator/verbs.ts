import type { Command } from './command.ts';

interface Verb {
  args: string;
  summary: string;
  load(): Promise<Command>;
}

/** Every verb; the module behind it is loaded only when it is called, so that `--help` stays fast. */
export const VERBS = {
  new: {
    args: '[dir]',
    summary: 'ask, then write a challenge repository',
    load: async () => (await import('./commands/new.ts')).command,
  },
  check: {
    args: '[dir]',
    summary: 'validate challenge.yaml and what belongs to it',
    load: async () => (await import('./commands/check.ts')).command,
  },
  plan: {
    args: '[dir]',
    summary: 'show what apply would do (exit 2: changes)',
    load: async () => (await import('./commands/plan.ts')).command,
  },
  apply: {
    args: '[dir]',
    summary: 'create or update buckets and Space; safe to repeat',
    load: async () => (await import('./commands/apply.ts')).command,
  },
  status: {
    args: '[dir]',
    summary: 'what runs where, drift, queue, spend',
    load: async () => (await import('./commands/status.ts')).command,
  },
  destroy: {
    args: '[dir]',
    summary: 'remove what the plan made; data is kept unless named',
    load: async () => (await import('./commands/destroy.ts')).command,
  },
  doctor: {
    args: '[dir]',
    summary: 'check the set-up and print the fix for each fault',
    load: async () => (await import('./commands/doctor.ts')).command,
  },
  dev: {
    args: '[dir]',
    summary: 'run it here: embedded hub and Space on loopback',
    load: async () => (await import('./commands/dev.ts')).command,
  },
  serve: {
    args: '[dir]',
    summary: 'the same server on a machine of yours, without a Space',
    load: async () => (await import('./commands/serve.ts')).command,
  },
  start: {
    args: '[dir]',
    summary: 'the guided tour: new, dev, and three scripted agents',
    load: async () => (await import('./commands/start.ts')).command,
  },
  hub: {
    args: '',
    summary: 'the embedded Hugging Face Hub alone',
    load: async () => (await import('./commands/hub.ts')).command,
  },
  eval: {
    args: '<what> [dir]',
    summary: 'run, prepare, preflight, calibrate, selftest, redteam',
    load: async () => (await import('./commands/eval.ts')).command,
  },
} satisfies Record<string, Verb>;

export type VerbName = keyof typeof VERBS;
