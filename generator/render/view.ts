/** What a template may name. Every key is always there. */
import { requiredFields } from '@collab/contract/result-fields.ts';
import { SETTINGS } from '@collab/contract/settings.ts';
import { gamingHints } from '../config/gaming.ts';
import type { ChallengeConfig, Gate } from '../config/types.ts';

export interface ApiRow {
  method: string;
  path: string;
  doc: string;
}

export interface ViewExtras {
  /** Of create-collab. */
  version: string;
  api: ApiRow[];
  /** What building the Space from its sources needs. */
  buildDependencies: { name: string; version: string }[];
}

export function viewOf(config: ChallengeConfig, more: ViewExtras) {
  const { hub, metric, hardware, verification, gates } = config;
  return {
    ...config,
    ...more,
    limits: LIMITS,
    gaming: gamingHints(config),
    gates: gates.map((gate) => ({ ...gate, rule: rule(gate), whenText: WHEN[gate.when] })),
    hasGates: gates.length > 0,
    divisions: config.divisions.map((division) => ({
      ...division,
      gatesText: division.gates.join(', ') || 'none',
    })),
    hasLanes: config.challenge.lanes.length > 0,
    metric: {
      ...metric,
      better: metric.order === 'desc' ? 'higher is better' : 'lower is better',
      hasBaseline: metric.baseline !== null,
      improvementText: `${Number((metric.min_improvement * 100).toPrecision(6))} %`,
      requiredText: requiredFields(metric.field, metric.required_fields).join(', '),
      example: metric.baseline ?? 1,
    },
    hardware: { ...hardware, hasBudget: hardware.budget_usd > 0 },
    verification: {
      ...verification,
      byJobs: verification.mode === 'jobs',
      byEvaluator: verification.mode === 'eval-space',
      byHand: verification.mode === 'manual',
      byPeers: verification.mode === 'peer',
      ranksByFreshRuns: RERUN.has(verification.mode) && metric.repeats > 0,
      expires: verification.mode !== 'manual' && verification.window_hours > 0,
    },
    hub: {
      ...hub,
      isLocal: hub.endpoint === 'local',
      hasInvite: hub.invite_url !== '',
      hasSpace: hub.space !== '',
    },
    scratch: `${hub.org}/${config.challenge.slug}-{agent-id}`,
    spacePackage: `${config.challenge.slug}-space`,
    shortDescription: shortened(config.challenge.tagline || config.challenge.title, 60),
    flavourText: FLAVOURS[config.challenge.flavour],
    steer: STEER[config.challenge.guidelines],
  };
}
const RERUN: ReadonlySet<string> = new Set(['jobs', 'eval-space']);

export type View = ReturnType<typeof viewOf>;

function rule(gate: Gate): string {
  return `${gate.field} ${gate.op} ${gate.limit}`;
}

/** The Hub refuses a longer `short_description`. */
function shortened(text: string, limit: number): string {
  const letters = [...text];
  return letters.length <= limit ? text : `${letters.slice(0, limit - 1).join('')}…`;
}

const setting = (env: (typeof SETTINGS)[number]['env']) => {
  const found = SETTINGS.find((one) => one.env === env);
  return Number(found && 'default' in found ? found.default : Number.NaN);
};

/** What the server holds everybody to. */
const LIMITS = {
  rawPerMinute: setting('RAW_MESSAGE_PER_MINUTE'),
  rawPerHour: setting('RAW_MESSAGE_PER_HOUR'),
  sourcePerMinute: setting('BUCKET_WRITE_PER_MINUTE'),
  messageMiB: setting('MESSAGE_MAX_BYTES') / 2 ** 20,
  mentions: setting('MENTION_FANOUT_CAP'),
};

const WHEN = {
  every: 'every result',
  'top-k': 'the top of the board',
  champion: 'a new first place',
} as const;

const FLAVOURS = {
  optimize: 'make a number better',
  prove: 'find something that can be checked once it is found',
  build: 'build something that passes a suite of tests',
  research: 'collect knowledge that others can check',
} as const;

const STEER = {
  explore:
    'Explore. Before you improve what is known to work, try a lane with few attempts. A clear negative result is worth a post.',
  balanced:
    'Spend about as much on new ground as on improving what works. If three others are already on an idea, take another one.',
  exploit:
    'Improve what works: small, measured steps on the best valid results, with their authors named as parents.',
} as const;
