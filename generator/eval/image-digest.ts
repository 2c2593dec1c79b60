import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';

const KINDS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const DIGEST = /^sha256:[0-9a-f]{64}$/;

interface Reference {
  registry: string;
  repository: string;
  tag: string;
}

/**
 * What a registry gives for the tag of a container image now (OCI distribution specification; anonymous token as in
 * Docker's token authentication).
 * @throws CollabError IMAGE_UNRESOLVED
 */
export async function imageDigest(io: Pick<Io, 'fetch'>, image: string): Promise<string> {
  const given = image.split('@')[1];
  if (given && DIGEST.test(given)) return given;
  const { registry, repository, tag } = referenceOf(image);
  const url = `https://${registry}/v2/${repository}/manifests/${tag}`;
  try {
    const first = await ask(io, url);
    const answer = first.status === 401 ? await ask(io, url, await anonymous(io, first)) : first;
    const digest = answer.headers.get('docker-content-digest');
    if (answer.ok && digest && DIGEST.test(digest)) return digest;
    throw new Error(`it answered ${answer.status}`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CollabError('IMAGE_UNRESOLVED', `${registry} did not say what ${image} is now: ${why}.`, {
      next: [
        { command: 'challenge.yaml: hardware.image: name:tag@sha256:…', why: 'a digest needs no registry' },
      ],
    });
  }
}

/** `python:3.12`, `vllm/vllm-openai:v0.22.0`, `ghcr.io/acme/image:1`. */
export function referenceOf(image: string): Reference {
  const [first = '', ...rest] = image.split('/');
  const elsewhere = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const path = elsewhere ? rest.join('/') : image;
  const [name = '', tag = 'latest'] = path.split('@')[0]?.split(':') ?? [];
  if (elsewhere) return { registry: first, repository: name, tag };
  return { registry: 'registry-1.docker.io', repository: name.includes('/') ? name : `library/${name}`, tag };
}

const ask = (io: Pick<Io, 'fetch'>, url: string, token?: string) =>
  io.fetch(url, {
    method: 'HEAD',
    headers: { accept: KINDS, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    signal: AbortSignal.timeout(30_000),
  });

async function anonymous(io: Pick<Io, 'fetch'>, refused: Response): Promise<string> {
  const header = refused.headers.get('www-authenticate') ?? '';
  const fields = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const realm = new URL(fields.get('realm') ?? '');
  for (const key of ['service', 'scope']) realm.searchParams.set(key, fields.get(key) ?? '');
  const answer = await io.fetch(realm, { signal: AbortSignal.timeout(30_000) });
  const { token } = (await answer.json()) as { token?: string };
  if (!token) throw new Error('it gave no token');
  return token;
}
