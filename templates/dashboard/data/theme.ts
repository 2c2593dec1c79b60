export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'collab-theme';

export function storedTheme(): Theme {
  const value = memory()?.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : 'auto';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  memory()?.setItem(KEY, theme);
}

export const nextTheme = (theme: Theme): Theme =>
  ({ auto: 'light', light: 'dark', dark: 'auto' })[theme] as Theme;

/** Storage can be refused inside a foreign frame. */
function memory(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
