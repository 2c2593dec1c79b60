import type { NextStep } from '../errors.ts';

/** Every command the provisioner suggests, as constants: nothing that could be a secret gets into one. */
export const CommandOf = {
  check: { command: 'create-collab check', why: 'says what is wrong with challenge.yaml' },
  apply: { command: 'create-collab apply', why: 'does it; safe to repeat' },
  applyAgain: { command: 'create-collab apply', why: 'goes on once that is done' },
  plan: { command: 'create-collab plan', why: 'shows what is left' },
  takeMine: {
    command: 'create-collab apply --take-mine',
    why: 'the directory wins where both changed a file',
  },
  takeTheirs: {
    command: 'create-collab apply --take-theirs',
    why: 'the bucket wins; its version comes here',
  },
  allowBroad: {
    command: 'create-collab apply --allow-broad-token',
    why: 'uses it all the same; it could do much more than this needs',
  },
  allowAnyway: {
    command: 'create-collab apply --allow-broad-token',
    why: 'tries it all the same, should the Hub call its permissions by other names',
  },
  adopt: {
    command: 'create-collab apply --adopt',
    why: 'takes over what is there already, with what is in it and with those who may write there',
  },
  renamed: { command: 'create-collab check', why: 'put its new name into challenge.yaml, or another one' },
  paidEvaluator: {
    command: 'challenge.yaml: hub.eval_hardware: cpu-upgrade',
    why: 'or hardware that is paid by the hour, which needs no plan',
  },
  texts: {
    command: 'create-collab check',
    why: 'writes those anew that nobody edited, and shows which lines the others lack',
  },
  login: {
    command: 'put HF_TOKEN into .env',
    why: 'a login in the browser ends after hours and may do what its owner may; a token of its own does not',
  },
  noSpace: {
    command: "challenge.yaml: hub.space: ''",
    why: 'no Space: apply makes the buckets, create-collab serve runs the server on a machine of yours',
  },
  proSpace: {
    command: 'challenge.yaml: hub.space: <namespace with PRO>/<name>',
    why: 'or the Space in the namespace of a PRO user',
  },
  noJobs: {
    command: 'challenge.yaml: hardware.jobs_enabled: false',
    why: 'or no jobs: participants measure on their own hardware',
  },
  manual: {
    command: 'challenge.yaml: verification.mode: manual',
    why: 'or no jobs: organizers re-run results themselves and enter the verdicts',
  },
  noJobsAtAll: {
    command: 'challenge.yaml: hardware.jobs_enabled: false, verification.mode: manual',
    why: 'or no jobs: participants measure on their own hardware, organizers enter the verdicts',
  },
  participant: {
    command: 'put PARTICIPANT_TOKEN into .env, then create-collab doctor',
    why: "the token of a member whose role is contributor; without one this isn't tried",
  },
  prepare: {
    command: 'create-collab eval prepare',
    why: 'makes private prompts and reference outputs once; says the price first where it costs something',
  },
  selftest: {
    command: 'create-collab eval selftest',
    why: 'proves that the harness accepts and refuses rightly',
  },
  redteam: { command: 'create-collab eval redteam', why: 'proves that the shipped cheats are caught' },
  proofs: {
    command: 'create-collab eval selftest && create-collab eval redteam',
    why: 'prove that the harness judges rightly, and that the shipped cheats are caught',
  },
  skipProofs: {
    command: 'create-collab apply --skip-proofs',
    why: 'deploys it unproven; this is recorded',
  },
  probe: { command: 'create-collab apply --probe', why: 'looks, at that price; once per hardware' },
  bestIsolation: {
    command: 'challenge.yaml: verification.isolation: best',
    why: 'judges behind the layers there are; or choose other hardware or another image',
  },
  status: { command: 'create-collab status', why: 'shows what runs' },
  serve: { command: 'create-collab serve', why: 'runs the server here, on the buckets' },
  doctor: { command: 'create-collab doctor', why: 'checks the whole set-up' },
  destroy: { command: 'create-collab destroy', why: 'removes the Space; the buckets stay' },
  dev: { command: 'create-collab dev', why: 'starts the embedded hub and the Space here' },
  evaluatorToken: {
    command: 'put EVALUATOR_TOKEN into .env, then create-collab apply',
    why: "sets the evaluator's own token",
  },
  byJobs: { command: 'challenge.yaml: verification.mode: jobs', why: 'a job re-runs each result instead' },
  spaceToken: {
    command: 'put SPACE_TOKEN into .env, then create-collab apply',
    why: "sets the Space's own token",
  },
} satisfies Record<string, NextStep>;
