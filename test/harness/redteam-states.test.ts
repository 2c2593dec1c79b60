import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect } from '../../generator/apply/inspect.ts';
import { command } from '../../generator/commands/eval.ts';
import { parseChallenge, writeChallenge } from '../../generator/config/yaml.ts';
import { Cancelled } from '../../generator/errors.ts';
import type { CheatRow } from '../../generator/eval/attack.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

/** A harness that measures what the submission says it is worth: no noise, no time. Lower is better. */
const HARNESS = `
import argparse, json, sys
from pathlib import Path
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from collab_harness import summary
parser = argparse.ArgumentParser()
for name in ("submission", "state", "private"):
    parser.add_argument(f"--{name}-dir", type=Path)
args = parser.parse_known_args()[0]
told = json.loads((args.submission_dir / "told.json").read_text())
rules = json.loads((HERE / "gates.json").read_text())
if "crash" in told:
    raise ValueError(told["crash"])
found = {"gates": [], "shown": {}}
if "fault" in told:
    found["error"] = told["fault"]
else:
    score = told["private" if args.private_dir else "public"]
    gates = [summary.judge(gate, summary.Measured(told["correct"], 1)) for gate in rules["gates"]]
    found |= {"score": {"mean": score, "sd": None, "runs": 1, "unit": "m"}, "gates": gates}
provenance = {"submission_sha256": None, "isolation": None}
summary.write_atomic(args.state_dir / "summary.json", {"schema": 1, **found, "provenance": provenance})
sys.exit(3 if "fault" in told else 0)
`;

const gate = { caught_by: ['correct'], how: 'gate', wins_if: 'valid', mutation: ['correct'] };
const memo = {
  caught_by: ['private_prompts'],
  how: 'private',
  wins_if: 'gain',
  mutation: ['private_prompts'],
};
const plain = { correct: 1, public: 0.911, private: 0.911 };
const knows = { ...plain, public: 0.735, private: 0.909 };

const CASES: [name: string, told: object, cheat: object, state: string, detail: RegExp][] = [
  ['wrong', { ...plain, correct: 0 }, gate, 'caught', /^$/],
  ['through', plain, gate, 'won', /^the run is valid$/],
  ['refused', { fault: 'too big' }, gate, 'stopped by something else', /^too big$/],
  ['crashes', { crash: 'boom' }, gate, 'stopped by something else', /ValueError: boom/],
  [
    'other-switch',
    { ...plain, correct: 0 },
    { ...gate, mutation: ['private_prompts'] },
    'unproven',
    /^without private_prompts it does not win either: correct$/,
  ],
  ['memo', knows, { ...memo, gain: 1.1 }, 'caught', /^$/],
  ['memo-small', knows, memo, 'unproven', /1\.239 times the baseline; a win is 3 times or more$/],
  ['too-good', { ...knows, private: 0.2 }, memo, 'won', /^4\.555 times the baseline; a win is 3/],
];

const BAD: [name: string, text: string | null, line: RegExp][] = [
  ['typo', JSON.stringify({ ...gate, how: 'gates' }), /json: how: Invalid option: expected one of "gate"/],
  ['silent', null, /json: is missing$/],
  ['torn', '{"how": ', /json: is no JSON: /],
];

let challenge: Awaited<ReturnType<typeof emitted>>;
const put = async (file: string, content: string) => {
  await mkdir(join(challenge.dir, file, '..'), { recursive: true });
  await writeFile(join(challenge.dir, file), content);
};
const cheatFile = (name: string, file: string) => `submissions/cheats/${name}/${file}`;

beforeAll(async () => {
  challenge = await emitted('blank');
  const config = parseChallenge(writeChallenge({ ...challenge.config }).replace(/order: desc/, 'order: asc'));
  expect(config.metric.order).toBe('asc');
  await put('challenge.yaml', writeChallenge(config));
  await put('harness/run.py', HARNESS);
  await put('submissions/baseline/told.json', JSON.stringify(plain));
  for (const [name, told, cheat] of CASES) {
    await put(cheatFile(name, 'told.json'), JSON.stringify(told));
    await put(cheatFile(name, 'cheat.json'), JSON.stringify(cheat));
  }
  for (const [name] of BAD) await mkdir(join(challenge.dir, cheatFile(name, '')), { recursive: true });
  for (const [name, text] of BAD) if (text !== null) await put(cheatFile(name, 'cheat.json'), text);
});
afterAll(() => challenge.remove());

const redteam = (only: string) => command.run(contextOf(machine(challenge.dir), ['redteam', '.'], { only }));

test('what became of each cheat is said, with the runs that tell it', async () => {
  const outcome = await redteam(CASES.map(([name]) => name).join(','));
  const rows = new Map((outcome.data?.cheats as CheatRow[]).map((row) => [row.cheat, row]));
  for (const [name, , , state, detail] of CASES) {
    expect(rows.get(name)?.state, name).toBe(state);
    expect(rows.get(name)?.detail, name).toMatch(detail);
    for (const { dir } of rows.get(name)?.runs ?? []) expect(existsSync(dir), dir).toBe(true);
  }
  expect(rows.get('memo')?.runs).toMatchObject([
    { run: 'as it is', valid: true, score: 0.909, gates: [{ id: 'correct', pass: true }] },
    { run: 'without private_prompts', valid: true, score: 0.735 },
  ]);
  expect(rows.get('memo')?.wins_without).toBe(true);
  expect(outcome.status).toBe('error');
  expect(outcome.text).toMatch(
    /through: won: the run is valid\n {2}as it is: valid, 0\.911 .*✓ correct 1 \(>= .*\[runs\/redteam-through-[\d-]+\/as-is\]/,
  );
  expect(outcome.next?.[0]?.command).toMatch(/^ls runs\/redteam-crashes-[\d-]+\/\*$/);
});

test.each(BAD)('a bad cheat.json (%s) is one line, of check too', async (name, _text, line) => {
  const said = await redteam(name).catch((error: Error) => error.message);
  expect(said).toMatch(line);
  expect(said).toMatch(new RegExp(`^submissions/cheats/${name}/cheat\\.json: .*$`));
  const found = await inspect(machine(challenge.dir), challenge.dir, challenge.config);
  expect(found.filter(({ at }) => at === cheatFile(name, 'cheat.json'))).toHaveLength(1);
});

test('a name that is no cheat is said', async () => {
  await expect(redteam('wrong,rwong')).rejects.toThrow('no cheat "rwong"');
});

test('Ctrl-C ends all of it, and nothing is remembered as a failed proof', async () => {
  const io = machine(challenge.dir, AbortSignal.abort());
  for (const proof of ['selftest', 'redteam']) {
    const options = proof === 'redteam' ? { only: 'wrong' } : {};
    await expect(command.run(contextOf(io, [proof, '.'], options))).rejects.toThrow(Cancelled);
  }
  expect(existsSync(join(challenge.dir, '.collab/eval.json'))).toBe(false);
});
