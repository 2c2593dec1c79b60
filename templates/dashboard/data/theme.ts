import { recall, remember } from './memory.ts';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'collab-theme';

export function storedTheme(): Theme {
  const value = recall(KEY);
  return value === 'light' || value === 'dark' ? value : 'auto';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  remember(KEY, theme);
}

export const nextTheme = (theme: Theme): Theme =>
  ({ auto: 'light', light: 'dark', dark: 'auto' })[theme] as Theme;
