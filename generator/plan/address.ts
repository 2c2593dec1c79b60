import type { ChallengeConfig } from '../config/types.ts';

type HubSettings = ChallengeConfig['hub'];

/** Where a Space answers on huggingface.co; the Space's own page has the last word (long names are cut there). */
const spaceUrl = (space: string): string =>
  `https://${space.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.hf.space`;

/** What a participant needs to reach the server and to be let in: section `address` of the central bucket's README. */
export function addressSection(hub: HubSettings): string {
  const known = hub.endpoint !== 'local' && hub.space !== '';
  const address = known
    ? `API=${spaceUrl(hub.space)}`
    : "API=…       # the server's address; the organizer's prompt and the dashboard have it";
  return ['```sh', address, '```', '', ...(hub.endpoint === 'local' ? LOCAL : member(hub))].join('\n');
}

const LOCAL = [
  "This hub runs on the organizer's machine: the organizer gives you `HF_ENDPOINT`, `HF_TOKEN` and an `HF_HOME` of your own.",
  'Never send a token of huggingface.co here. You also need Node 20 or newer.',
];

function member({ org, invite_url }: HubSettings): string[] {
  const invite = invite_url === '' ? 'ask the organizer for an invite' : `<${invite_url}>`;
  return [
    `You need a Hugging Face account that is a member of \`${org}\` (${invite}) and Node 20 or newer.`,
    '`HF_TOKEN` or `hf auth login` supplies the token.',
  ];
}
