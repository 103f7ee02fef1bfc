/** Two to four pictures beside each other, zoomed together; or in one place, one after the other. */

import './compare.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ShownPicture } from '../library/sequence.ts';
import { Button } from '../parts/button.tsx';
import { bytes, fileName, pixelsAndDay } from '../parts/format.ts';
import { type Look, WHOLE } from '../viewer/zoom.ts';
import { ZoomButtons, zoomKeys } from '../viewer/zoom-buttons.tsx';
import { Zoomable } from '../viewer/zoomable.tsx';

interface CompareProps {
  readonly pictures: readonly ShownPicture[];
  readonly onClose: () => void;
  /** What can be done with each. */
  readonly actions?: (picture: ShownPicture) => ComponentChildren;
}

const BLINK_MS = 600;
export function Compare({ pictures, onClose, actions }: CompareProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [look, setLook] = useState<Look>(WHOLE);
  const [blinking, setBlinking] = useState(false);
  const [front, setFront] = useState(0);
  const [sizes, setSizes] = useState<
    Readonly<Record<string, { readonly width: number; readonly height: number }>>
  >({});

  // Before the paint: who sees it may press a key.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    dialog.current?.focus();
  }, []);
  useEffect(() => {
    if (!blinking) return;
    const timer = setInterval(() => setFront((now) => (now + 1) % pictures.length), BLINK_MS);
    return () => clearInterval(timer);
  }, [blinking, pictures.length]);

  const onKeyDown = (event: KeyboardEvent) => {
    const keys: Record<string, (() => void) | undefined> = {
      ...zoomKeys({ look, onLook: setLook }),
      b: () => setBlinking(!blinking),
    };
    const run = keys[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  };

  return (
    <dialog
      ref={dialog}
      class="viewer comparison"
      tabIndex={-1}
      aria-label="Side by side"
      onClose={onClose}
      onKeyDown={onKeyDown}
    >
      <div class="viewer-bar">
        <div class="viewer-name">
          <strong>Side by side</strong>
        </div>
        <div class="viewer-tools">
          <ZoomButtons look={look} onLook={setLook} />
          <Button
            look="plain"
            title="One after the other in one place (B)"
            aria-pressed={blinking}
            onClick={() => setBlinking(!blinking)}
          >
            Blink
          </Button>
          <Button
            look="plain"
            icon="close"
            title="Close (Escape)"
            aria-label="Close"
            onClick={() => dialog.current?.close()}
          />
        </div>
      </div>
      <ul class="comparison-pictures" data-blinking={blinking ? '' : undefined}>
        {pictures.map((picture, at) => (
          <li key={picture.key} hidden={blinking && at !== front}>
            <div class="comparison-frame">
              <Zoomable
                picture={picture}
                look={look}
                onLook={setLook}
                onSize={(width, height) => setSizes((now) => ({ ...now, [picture.key]: { width, height } }))}
              />
            </div>
            <p class="comparison-name">
              <strong title={picture.key}>{fileName(picture.key)}</strong>
              <span>
                {pixelsAndDay({ ...sizes[picture.key], ...picture })} {bytes(picture.size)}
              </span>
              {actions?.(picture)}
            </p>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
