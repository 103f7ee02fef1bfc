/** What the upload queue needs of the server, by the API's client. */

import { type Client, ProblemError } from '../../client/index.ts';
import { pictureType } from './picked-files.ts';
import { sendFile } from './send-file.ts';
import { UploadRefused, type UploadServer } from './upload-queue.ts';

export function uploadServer(client: Client): UploadServer {
  return {
    async statesOf(keys) {
      const { states } = await client.states(keys);
      return states.map(({ state, reason }) => ({ state, ...(reason && { reason: reason.message }) }));
    },
    async send({ key, file, metadata }, onSent, signal) {
      const contentType = pictureType(file) ?? file.type;
      const target = await client
        .uploadTarget({ key, contentType, size: file.size, metadata }, { signal })
        .catch((error: unknown) => {
          if (error instanceof ProblemError && (error.status === 400 || error.status === 422)) {
            throw new UploadRefused(error.problem.detail ?? error.problem.title);
          }
          throw error;
        });
      await sendFile(target, file, onSent, signal);
    },
  };
}
