/** Puts text on the clipboard, and says so. */

import { toast } from './toast.tsx';

export async function copyText(text: string, done: string): Promise<void> {
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  toast({ text: copied ? done : 'This browser does not let the page copy.' });
}
