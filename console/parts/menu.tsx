/** A button that opens a short list of things to do. */

import './menu.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface MenuProps {
  readonly label: string;
  /** Where the list opens. @default above the button */
  readonly below?: boolean;
  readonly children: ComponentChildren;
}

export function Menu({ label, below = false, children }: MenuProps) {
  const element = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (element.current) element.current.open = false;
  };
  useEffect(() => {
    const outside = (event: Event) => !element.current?.contains(event.target as Node) && close();
    addEventListener('pointerdown', outside);
    return () => removeEventListener('pointerdown', outside);
  }, []);
  return (
    <details
      ref={element}
      class="menu"
      data-below={below ? '' : undefined}
      onClick={(event) => (event.target as HTMLElement).closest('.menu-items') && close()}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !element.current?.open) return;
        event.stopPropagation();
        close();
        element.current.querySelector('summary')?.focus();
      }}
    >
      <summary class="button" data-size="small">
        {label}
      </summary>
      <div class="menu-items">{children}</div>
    </details>
  );
}
