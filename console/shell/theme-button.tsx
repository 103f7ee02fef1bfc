/** Light or dark: as the system has it, until someone says otherwise. */

import { useState } from 'preact/hooks';
import { Button } from '../parts/button.tsx';

const THEME = 'likeness.theme';
type Theme = 'light' | 'dark';

const systemTheme = (): Theme => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

/** Applies what was chosen on an earlier visit; called before the first paint. */
export function applyKeptTheme(): void {
  const kept = localStorage.getItem(THEME);
  if (kept) document.documentElement.dataset.theme = kept;
}

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(
    (document.documentElement.dataset.theme as Theme | undefined) ?? systemTheme(),
  );
  const next: Theme = theme === 'dark' ? 'light' : 'dark';
  return (
    <Button
      look="plain"
      icon={next === 'dark' ? 'moon' : 'sun'}
      aria-label={`Switch to the ${next} theme`}
      title={`Switch to the ${next} theme`}
      onClick={() => {
        setTheme(next);
        // Going back to what the system has means following it again.
        if (next === systemTheme()) {
          delete document.documentElement.dataset.theme;
          localStorage.removeItem(THEME);
        } else {
          document.documentElement.dataset.theme = next;
          localStorage.setItem(THEME, next);
        }
      }}
    />
  );
}
