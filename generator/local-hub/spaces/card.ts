import { boundedDocument } from '@collab/backend/codec/yaml-document.ts';

/** Everybody who asks for a Space has its card read. */
const MAX_CARD_CHARS = 65_536;

/** The YAML block at the head of a Space's README.md; `{}` when there is none, or one that is too long. */
export function readCard(readme: string): Record<string, unknown> {
  const block = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readme)?.[1] ?? '';
  try {
    const value = block.length > MAX_CARD_CHARS ? null : readBlock(block);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readBlock(block: string): unknown {
  const document = boundedDocument(block, { logLevel: 'silent' });
  return document.errors.length > 0 ? null : document.toJS({ maxAliasCount: 20 });
}

/** OAuth scopes a Space asks for; `null` when it does not use OAuth. */
export function oauthScopes(card: Record<string, unknown>): string[] | null {
  if (card.hf_oauth !== true) return null;
  const more = Array.isArray(card.hf_oauth_scopes) ? card.hf_oauth_scopes.map(String) : [];
  return ['openid', 'profile', ...more];
}
