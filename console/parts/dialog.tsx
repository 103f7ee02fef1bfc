/** A dialog above the page: the browser keeps the focus in it and closes it on Escape. */

import './dialog.css';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { useId } from './use-id.ts';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  /** Escape and the cross call `onClose`, and the dialog stays until it is not rendered any more. */
  readonly stays?: boolean;
  readonly children: ComponentChildren;
}

/** Open as long as it is rendered. */
export function Dialog({ title, onClose, wide = false, stays = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before the paint: who sees it may press a key.
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    element.current?.querySelector<HTMLElement>('[data-first]')?.focus();
    // The browser gives the focus back when a dialog is closed; one that is only taken away loses it.
    return () => void requestAnimationFrame(() => giveFocusBack(before));
  }, []);
  return (
    <dialog
      ref={element}
      class="dialog"
      data-wide={wide ? '' : undefined}
      aria-labelledby={titleId}
      onClose={onClose}
      onCancel={(event) => {
        if (!stays) return;
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button
          look="plain"
          size="small"
          icon="close"
          aria-label="Close"
          onClick={() => (stays ? onClose() : element.current?.close())}
        />
      </div>
      {children}
    </dialog>
  );
}

/** To what had it, where that is still there; or else to the dialog below, or to where the view begins. */
function giveFocusBack(before: Element | null): void {
  const heirs = [before, document.querySelector('dialog[open]'), document.querySelector('main h1')];
  for (const heir of heirs) {
    if (document.activeElement !== document.body) return;
    (heir as HTMLElement | null)?.focus({ preventScroll: true });
  }
}

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  /** @default 'Cancel' */
  readonly cancel?: string;
  /** The action is under way; cancelling stops it, and whoever asked decides when the dialog goes. */
  readonly busy?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
}

/** Asks before something that cannot be taken back; the safe answer comes first. */
export function Confirm({
  title,
  action,
  cancel = 'Cancel',
  busy = false,
  onConfirm,
  onCancel,
  children,
}: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onCancel} stays={busy}>
      {children}
      <div class="dialog-actions">
        <Button data-first onClick={onCancel}>
          {cancel}
        </Button>
        <Button look="danger" icon="trash" disabled={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
