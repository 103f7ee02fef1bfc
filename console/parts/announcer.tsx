/** Says to screen readers what the eye sees change: results that arrived, uploads that ended. */

import { useEffect, useState } from 'preact/hooks';

let speak: (message: string) => void = () => {};

/** Has screen readers say `message` when they are done with what they are saying. */
export function announce(message: string): void {
  speak(message);
}

/** The live region; rendered once, beside the views. */
export function Announcer() {
  const [message, setMessage] = useState('');
  useEffect(() => {
    speak = setMessage;
    return () => {
      speak = () => {};
    };
  }, []);
  return (
    <div class="visually-hidden" role="status">
      {message}
    </div>
  );
}
