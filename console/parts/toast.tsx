/** A line at the bottom that says what was just done, and takes it back if asked to. */

import './toast.css';
import { useEffect, useState } from 'preact/hooks';
import { announce } from './announcer.tsx';
import { Button } from './button.tsx';

export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Long enough to read it and to reach for the button. */
const SHOWN_MS = 10_000;

let tell: (toast: Toast) => void = () => {};

/** Shows a line for ten seconds, in the place of the one before. */
export function toast(next: Toast): void {
  announce(next.text);
  tell(next);
}

/** Rendered once, beside the views. */
export function Toasts() {
  const [shown, setShown] = useState<Toast>();
  useEffect(() => {
    tell = setShown;
    return () => {
      tell = () => {};
    };
  }, []);
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => setShown(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  if (!shown) return null;
  const { text, action } = shown;
  return (
    <div class="toast">
      <span>{text}</span>
      {action && (
        <Button
          size="small"
          onClick={() => {
            setShown(undefined);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <Button
        look="plain"
        size="small"
        icon="close"
        aria-label="Dismiss"
        onClick={() => setShown(undefined)}
      />
    </div>
  );
}
