import type { NextStep } from '../errors.ts';
import { isChange, waitsForPerson } from './provision.ts';
import { wrap } from './text.ts';
import type { NodeState, PlanNode, ProvisionPlan } from './types.ts';

const MARK: Record<NodeState, string> = {
  create: '+',
  update: '~',
  adopt: '→',
  delete: '-',
  unchanged: '=',
  human: '?',
  blocked: '✗',
  conflict: '!',
};
const WORD: Record<NodeState, string> = {
  create: 'create',
  update: 'update',
  adopt: 'adopt',
  delete: 'delete',
  unchanged: 'as planned',
  human: 'waits for you',
  blocked: 'blocked',
  conflict: 'both sides changed it',
};
const DIFF_LINES = 12;

/** A plan for people: what changes and what waits, line by line; what is as planned, as one number. */
export function printPlan(plan: ProvisionPlan, cost: string[]): string {
  const shown = plan.nodes.filter((node) => node.state !== 'unchanged' || node.warn);
  const unchanged = plan.nodes.length - shown.length;
  const lines = groups(shown).flatMap(printGroup);
  const words = [...new Set(shown.map((node) => `${markOf(node)} ${wordOf(node)}`)), '= as planned'];
  return [
    ...lines,
    `= ${unchanged} as planned`,
    '',
    ...wrap(words.join('   '), ''),
    ...wrap(summary(plan), ''),
    ...cost,
  ].join('\n');
}

/** Nothing of it is changed: it is looked at once what it depends on is done. */
const isCheck = ({ kind, state }: PlanNode): boolean =>
  state === 'update' && (kind === 'check' || kind === 'health');

function markOf(node: PlanNode): string {
  if (node.state === 'unchanged' && node.warn) return '⚠';
  return isCheck(node) ? '◦' : MARK[node.state];
}

function wordOf(node: PlanNode): string {
  if (node.state === 'unchanged' && node.warn) return 'worth a look';
  return isCheck(node) ? 'check' : WORD[node.state];
}

/** Many nodes of one kind and state that say the same are one line. */
function groups(nodes: PlanNode[]): PlanNode[][] {
  const byKey = new Map<string, PlanNode[]>();
  for (const node of nodes) {
    const alike = ['variable', 'seed', 'private-data'].includes(node.kind) && node.state === 'create';
    const key = alike ? `${node.kind} ${node.state}` : node.id;
    byKey.set(key, [...(byKey.get(key) ?? []), node]);
  }
  return [...byKey.values()];
}

function printGroup(group: PlanNode[]): string[] {
  const [node] = group;
  if (!node) return [];
  if (group.length > 1)
    return wrap(`${group.length} ${plural(node)}: ${names(group)}`, `${markOf(node)} `, '    ');
  const head = wrap(`${node.title}: ${node.reason}`, `${markOf(node)} `, '    ');
  const diff = node.kind === 'space-files' ? [] : (node.diff ?? []);
  const lines = diff.slice(0, DIFF_LINES).map((line) => `      ${line}`.trimEnd());
  return [
    ...head,
    ...lines,
    ...(diff.length > DIFF_LINES ? [`      … ${diff.length - DIFF_LINES} more lines`] : []),
    ...todo(node),
  ];
}

/** What a person has to do about a node. */
function todo({ human, next = [] }: PlanNode): string[] {
  return [
    ...(human ? [`      ${human.url}`, ...wrap(human.steps, '      ')] : []),
    ...next.flatMap((step) => stepLines(step, '      next: ')),
  ];
}

/** A command on a line of its own, so that it can be copied; why, below it. */
export function stepLines({ command, why }: NextStep, label: string): string[] {
  return [`${label}${command}`, ...wrap(why, ' '.repeat(label.length))];
}

/** The nodes that wait for a person, as {@link printPlan} shows them. */
export const printWaiting = (nodes: PlanNode[]): string[] =>
  nodes.filter(waitsForPerson).flatMap((node) => printGroup([node]));

const plural = (node: PlanNode): string =>
  ({
    variable: 'variables',
    seed: 'files in the central bucket',
    'private-data': 'files in the private bucket',
  })[node.kind as string] ?? node.kind;

function names(group: PlanNode[]): string {
  const all = group.map((node) => node.id.slice(node.id.indexOf(':') + 1));
  return all.length > 6 ? `${all.slice(0, 6).join(', ')}, …` : all.join(', ');
}

/** `12 to create, 2 to check, 1 waits for you`. */
export function summary(plan: ProvisionPlan): string {
  const count = (state: NodeState) =>
    plan.nodes.filter((node) => node.state === state && !isCheck(node)).length;
  const changes = (['create', 'update', 'adopt', 'delete'] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `${count(state)} to ${state}`);
  const checks = plan.nodes.filter(isCheck).length;
  const waiting = plan.nodes.filter(waitsForPerson).length;
  const all = [
    ...changes,
    ...(checks > 0 ? [`${checks} to check`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} for you`] : []),
  ];
  return all.length === 0 ? 'Nothing to do: everything is as planned.' : `${all.join(', ')}.`;
}

/** What those nodes that wait for a person name, then `more`; each command once. */
export function nextSteps(plan: ProvisionPlan, more: NextStep[]): NextStep[] {
  const steps = [...plan.nodes.filter(waitsForPerson).flatMap((node) => node.next ?? []), ...more];
  return [...new Map(steps.map((step) => [step.command, step])).values()];
}

/** What a plan comes to, as the exit code says it. */
export function planStatus(plan: ProvisionPlan): 'ok' | 'changes' | 'action_required' {
  if (plan.nodes.some(isChange)) return 'changes';
  return plan.nodes.some(waitsForPerson) ? 'action_required' : 'ok';
}
