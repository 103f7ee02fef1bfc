/** Something that the reader should know, beside what they came for. */

import './notice.css';
import type { ComponentChildren } from 'preact';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

interface NoticeProps {
  readonly tone?: 'information' | 'warning' | 'error';
  readonly title?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly children?: ComponentChildren;
}

/** An error is spoken by screen readers at once, the others when they are come upon. */
export function Notice({ tone = 'information', title, action, children }: NoticeProps) {
  return (
    <div class="notice" data-tone={tone} role={tone === 'error' ? 'alert' : 'note'}>
      <Icon name={tone === 'information' ? 'info' : 'warning'} />
      <div class="notice-body">
        {title && <strong>{title}</strong>} {children}
      </div>
      {action && (
        <Button size="small" icon="retry" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </div>
  );
}
