import type { App } from './app.svelte.ts';
import { firstSeen } from './focus.ts';
import { recall, remember } from './memory.ts';

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const KEY = 'collab-single-keys';

/** Single keys can be switched off: who speaks to the machine presses them by accident (WCAG 2.1.4). */
export const singleKeys = {
  get on(): boolean {
    return recall(KEY) !== 'off';
  },
  set on(wanted: boolean) {
    remember(KEY, wanted ? 'on' : 'off');
  },
};

/** `/` search · `?` help · `j`/`k` next and previous item · digits go to a view. */
export function onKey(event: KeyboardEvent, app: App): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || document.querySelector('dialog[open]')) return;
  const action = ACTIONS[event.key];
  if (!action || !singleKeys.on) return;
  event.preventDefault();
  action(app);
}

const ACTIONS: Record<string, (app: App) => void> = {
  '/': focusSearch,
  '?': (app) => {
    app.helpOpen = true;
  },
  j: () => step(1),
  k: () => step(-1),
  r: (app) => void app.refresh(),
  '1': (app) => app.go('overview'),
  '2': (app) => app.go('leaderboard'),
  '3': (app) => app.go('plots'),
  '4': (app) => app.go('board'),
  '5': (app) => app.go('agents'),
};

function focusSearch(app: App): void {
  const find = () => document.querySelector<HTMLInputElement>('[data-search]');
  if (!find()) app.go('board');
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}

/** Moves focus between the items a view marks with `data-item`, from what is seen when none has it. */
function step(by: 1 | -1): void {
  const items = [...document.querySelectorAll<HTMLElement>('[data-item]')];
  const at = items.findIndex((i) => i === document.activeElement || i.contains(document.activeElement));
  const next = at < 0 ? firstSeen(items) : items[Math.min(items.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
