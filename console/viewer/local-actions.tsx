/** On the machine that has the files: show one in its folder, or open it with its program. */

import { useConnection } from '../api/connection.tsx';
import { Button } from '../parts/button.tsx';
import { toast } from '../parts/toast.tsx';

export function LocalActions({ pictureKey }: { pictureKey: string }) {
  const { config } = useConnection();
  if (!config.desktop) return null;
  const ask = async (action: 'show' | 'open') => {
    const answer = await fetch(`${config.desktop}/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: pictureKey }),
    }).catch(() => undefined);
    if (!answer?.ok) toast({ text: 'This machine has no program for it.' });
  };
  return (
    <>
      <Button size="small" icon="folder" onClick={() => ask('show')}>
        Show in folder
      </Button>
      <Button size="small" icon="external" onClick={() => ask('open')}>
        Open
      </Button>
    </>
  );
}
