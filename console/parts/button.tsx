/** Buttons, and links and file pickers that look like them. */

import './button.css';
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { CHOOSABLE } from '../uploads/picked-files.ts';
import { Icon, type IconName } from './icon.tsx';

interface Look {
  readonly look?: 'primary' | 'danger' | 'plain';
  readonly size?: 'small';
  readonly icon?: IconName;
  /** Without it the button shows its icon alone and must have an `aria-label`. */
  readonly children?: ComponentChildren;
}

const attributes = ({ look, size, children }: Look) => ({
  class: 'button',
  'data-look': look,
  'data-size': size,
  'data-icon-only': children === undefined ? '' : undefined,
});

const face = ({ icon, size, children }: Look) => (
  <>
    {icon && <Icon name={icon} size={size ? 16 : 18} />}
    {children}
  </>
);

export function Button({
  look,
  size,
  icon,
  children,
  ...rest
}: Look & Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'size' | 'icon'>) {
  return (
    <button type="button" {...attributes({ look, size, children } as Look)} {...rest}>
      {face({ look, size, icon, children } as Look)}
    </button>
  );
}

export function LinkButton({
  look,
  size,
  icon,
  children,
  ...rest
}: Look & Omit<JSX.AnchorHTMLAttributes<HTMLAnchorElement>, 'size' | 'icon'>) {
  return (
    <a {...attributes({ look, size, children } as Look)} {...rest}>
      {face({ look, size, icon, children } as Look)}
    </a>
  );
}

interface PickerProps extends Look {
  readonly onPick: (files: File[]) => void;
  /** `camera` opens it at once where there is one; `folder` takes a folder with all that is in it. */
  readonly source?: 'camera' | 'folder';
  readonly multiple?: boolean;
}

/** A button that asks the browser for files. */
export function FilePicker({ onPick, source, multiple = false, ...look }: PickerProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button {...look} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        hidden
        accept={source === 'camera' ? 'image/*' : CHOOSABLE}
        multiple={multiple}
        {...(source === 'camera' && { capture: 'environment' as const })}
        {...(source === 'folder' && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file can be chosen again only when the input has forgotten it.
          currentTarget.value = '';
          if (files.length > 0) onPick(files);
        }}
      />
    </>
  );
}
