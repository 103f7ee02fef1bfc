/** The one upload queue of the page, for every part that adds files or tells how they do. */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { useConnection } from '../api/connection.tsx';
import { keyFor, type PickedFile, whyNot } from './picked-files.ts';
import { type Upload, UploadQueue } from './upload-queue.ts';
import { uploadServer } from './upload-server.ts';

interface Uploads {
  readonly queue: UploadQueue;
  readonly uploads: readonly Upload[];
  /** Adds files below a folder of the library (`holiday/`, or nothing); what is no picture is noted as refused. */
  readonly add: (
    files: readonly PickedFile[],
    folder?: string,
    metadata?: Readonly<Record<string, string>>,
  ) => void;
}

const UploadsContext = createContext<Uploads | undefined>(undefined);

export function UploadsProvider({ children }: { children: ComponentChildren }) {
  const { client } = useConnection();
  const queue = useMemo(() => new UploadQueue(uploadServer(client)), [client]);
  const uploads = useUploadList(queue);

  const value = useMemo<Uploads>(
    () => ({
      queue,
      uploads,
      add(files, folder = '', metadata = {}) {
        const named = files.map((each) => ({ key: keyFor(folder, each), file: each.file }));
        for (const { key, file } of named) {
          const refusal = whyNot(file);
          if (refusal) queue.refuse(key, file, refusal);
        }
        queue.add(
          named.filter(({ file }) => !whyNot(file)),
          metadata,
        );
      },
    }),
    [queue, uploads],
  );
  return <UploadsContext.Provider value={value}>{children}</UploadsContext.Provider>;
}

export function useUploads(): Uploads {
  const uploads = useContext(UploadsContext);
  if (!uploads) throw new Error('rendered outside of an UploadsProvider');
  return uploads;
}

/** The queue's list, at most once a frame: bytes are reported far more often. */
function useUploadList(queue: UploadQueue): readonly Upload[] {
  const [uploads, setUploads] = useState(queue.list());
  useEffect(() => {
    let frame = 0;
    const unsubscribe = queue.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setUploads(queue.list());
      });
    });
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [queue]);
  return uploads;
}
