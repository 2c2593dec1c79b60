import '@github/text-expander-element';
import { suggestHandles } from '../model/mentions.ts';
import type { App } from './app.svelte.ts';
import { knownHandles } from './handles.ts';

const SHOWN = 8;

function option(handle: string, about: string): HTMLLIElement {
  const item = document.createElement('li');
  item.setAttribute('role', 'option');
  item.dataset.value = `@${handle}`;
  item.id = `mention-${handle}`;
  const name = document.createElement('b');
  name.textContent = `@${handle} `;
  item.append(name, about);
  return item;
}

/** Completes `@names` inside a `text-expander` from those the page knows. */
export const completeMentions = (app: App) => (node: HTMLElement) => {
  const change = (event: Event) => {
    const { provide, text } = (event as CustomEvent).detail;
    const list = document.createElement('ul');
    list.className = 'mention-menu';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', 'Names');
    list.append(...suggestHandles(knownHandles(app), text, SHOWN).map((h) => option(h.handle, h.about)));
    provide(Promise.resolve({ matched: list.childElementCount > 0, fragment: list }));
  };
  const pick = (event: Event) => {
    const { detail } = event as CustomEvent;
    detail.value = detail.item.dataset.value;
  };
  node.addEventListener('text-expander-change', change);
  node.addEventListener('text-expander-value', pick);
};

/** A menu is open inside the element around `input`: keys are for it. */
export const isCompleting = (input: Element): boolean =>
  input.closest('text-expander')?.querySelector('.mention-menu') != null;
