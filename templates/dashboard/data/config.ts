import type { Division, GateRule, ServiceInfo } from './types.ts';

/** The page's settings, complete: what the server left out has a neutral default. */
export interface Config {
  slug: string;
  title: string;
  tagline: string;
  org: string;
  bucket: string;
  scoreField: string;
  scoreLabel: string;
  scoreUnit: string;
  order: 'asc' | 'desc';
  secondaryField: string;
  secondaryLabel: string;
  divisions: Division[];
  gates: GateRule[];
  inviteUrl: string;
  /** Web address of the Hub without a trailing slash; empty when the server does not say. */
  hub: string;
  /** The same where it has pages for people: the embedded hub, which is reached without TLS, has none. */
  web: string;
  /** People can log in. */
  login: boolean;
  /** Routes the server has, as `GET /v1/queue`: what it lacks is neither asked for nor shown. */
  routes: ReadonlySet<string>;
}

/** A server of another version may say less. */
type Told = Partial<ServiceInfo> &
  Pick<ServiceInfo, 'collab' | 'org' | 'central_bucket' | 'score_field' | 'score_unit' | 'score_order'>;

export function toConfig(info: Told): Config {
  const secondary = info.secondary_field ?? '';
  const hub = webAddress(info.hub_endpoint).replace(/\/+$/, '');
  return {
    slug: info.collab,
    title: info.title || info.collab,
    tagline: info.tagline ?? '',
    org: info.org,
    bucket: info.central_bucket,
    scoreField: info.score_field,
    scoreLabel: info.score_label || info.score_field,
    scoreUnit: info.score_unit,
    order: info.score_order === 'asc' ? 'asc' : 'desc',
    secondaryField: secondary,
    secondaryLabel: info.secondary_label || secondary,
    divisions: (info.divisions ?? []) as unknown[] as Division[],
    gates: (info.gates ?? []) as unknown[] as GateRule[],
    inviteUrl: webAddress(info.invite_url),
    hub,
    web: hub.startsWith('https:') ? hub : '',
    login: info.login ?? false,
    routes: new Set((info.endpoints ?? []).map((e) => `${e.method} ${e.path}`)),
  };
}

/** The headline division: what the board shows first. */
export const headline = (config: Config): Division | null =>
  config.divisions.find((d) => d.headline) ?? config.divisions[0] ?? null;

const webAddress = (value: string | null | undefined): string =>
  /^https?:\/\//.test(value ?? '') ? String(value) : '';

/** Web page of a bucket path, or null where the Hub has no address for people. */
export function bucketPage(config: Config, bucket: string, path = ''): string | null {
  if (!config.web) return null;
  const folder = path ? `/tree/${path.split('/').map(encodeURIComponent).join('/')}` : '';
  return `${config.web}/buckets/${bucket}${folder}`;
}

/** Where the task is told: the README of the central bucket. */
export const readmePage = (config: Config): string =>
  bucketPage(config, config.bucket) ?? `${config.hub}/buckets/${config.bucket}/resolve/README.md`;
