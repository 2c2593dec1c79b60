import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { testIo } from '../../test/fault/apply-fixture.ts';
import { spaceVariables } from '../config/env.ts';
import { parseChallenge } from '../config/yaml.ts';
import { serverEnvironment } from './server.ts';

const yaml = readFileSync(new URL('../../challenges/gemma/challenge.yaml', import.meta.url), 'utf8');
const config = parseChallenge(yaml);
const access = { hubUrl: 'https://hub.example', token: 'hf_server000000' };
const environment = (env: Record<string, string>) =>
  serverEnvironment({ io: testIo({ env }), config, access, host: '127.0.0.1', port: 7860 });

it('S15: the variables of apply win, and no token but the server’s own gets in', () => {
  const made = environment({
    PATH: '/bin',
    ORG: 'other',
    HF_ENDPOINT: 'http://elsewhere',
    HF_TOKEN: 'hf_organizer000',
    SPACE_TOKEN: 'hf_space0000000',
    PARTICIPANT_TOKEN: 'hf_member000000',
    HUGGING_FACE_HUB_TOKEN: 'hf_old000000000',
  });
  expect(made).toMatchObject({ PATH: '/bin', ...spaceVariables(config), PORT: '7860', HOST: '127.0.0.1' });
  expect([made.HF_ENDPOINT, made.HF_TOKEN]).toEqual(['https://hub.example', 'hf_server000000']);
  expect(Object.values(made).filter((value) => value?.startsWith('hf_'))).toEqual(['hf_server000000']);
});

it('S30: nobody’s X-Forwarded-For is believed unless a proxy is announced', () => {
  expect(environment({}).TRUSTED_PROXY_HOPS).toBe('0');
  expect(environment({ TRUSTED_PROXY_HOPS: '1' }).TRUSTED_PROXY_HOPS).toBe('1');
});
