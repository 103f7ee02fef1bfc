/** A library without a picture: what it is for, and three ways to fill it. */

import { useState } from 'preact/hooks';
import { useConnection } from '../../api/connection.tsx';
import { useStats } from '../../api/use-stats.tsx';
import { Button, FilePicker } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Notice } from '../../parts/notice.tsx';
import { IndexingBar } from '../../shell/indexing-note.tsx';
import { inWords, progressOf, useSteady } from '../../status/progress.ts';
import { fromInput } from '../../uploads/picked-files.ts';
import { useUploads } from '../../uploads/uploads-context.tsx';

export function EmptyLibrary() {
  const progress = useSteady(progressOf(useStats().value));
  return (
    <>
      <h1 class="visually-hidden" tabIndex={-1}>
        Your library
      </h1>
      {progress ? (
        <Empty icon="pulse" title="Your pictures are being indexed">
          {inWords(progress)}. Each can be found as soon as it is through, and shows up here.
          <IndexingBar done={progress.done} total={progress.total} />
        </Empty>
      ) : (
        <Invitation />
      )}
    </>
  );
}

function Invitation() {
  const { add } = useUploads();
  const { config } = useConnection();
  const take = (files: File[]) => add(fromInput(files));
  return (
    <Empty
      icon="picture"
      title="Your library is empty"
      actions={
        <>
          <FilePicker look="primary" icon="picture" multiple onPick={take}>
            Add pictures
          </FilePicker>
          <FilePicker icon="folder" source="folder" onPick={take}>
            Add a folder
          </FilePicker>
          {config.demo && <DemoButton address={config.demo} />}
        </>
      }
    >
      Drop pictures or a whole folder anywhere on this page. Each can be found a moment after it has arrived:
      then drop another picture, and see what looks like it.
    </Empty>
  );
}

function DemoButton({ address }: { address: string }) {
  const { retry } = useStats();
  const [state, setState] = useState<'idle' | 'asking' | 'failed'>('idle');
  const ask = async () => {
    setState('asking');
    const answer = await fetch(address, { method: 'POST' }).catch(() => undefined);
    if (!answer?.ok) setState('failed');
    // They are in the queue now, and the figures say how many.
    retry();
  };
  return (
    <>
      <Button disabled={state === 'asking'} onClick={ask}>
        {state === 'asking' ? 'Adding the demo pictures …' : 'Try the demo pictures'}
      </Button>
      {state === 'failed' && <Notice tone="error">The demo pictures could not be added.</Notice>}
    </>
  );
}
