/** What becomes of a file that the store does not take: refused for good, or worth another try. */

import { afterEach, expect, test, vi } from 'vitest';
import { sendFile } from '../../console/uploads/send-file.ts';
import { UploadRefused } from '../../console/uploads/upload-queue.ts';

afterEach(() => vi.unstubAllGlobals());

/** Sends a file to a store that answers with an error of S3's. */
function sent(status: number, code: string): Promise<unknown> {
  const responseText = `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`;
  vi.stubGlobal(
    'XMLHttpRequest',
    class {
      readonly upload = {};
      readonly status = status;
      readonly responseText = responseText;
      onload = () => {};
      open() {}
      send() {
        this.onload();
      }
    },
  );
  const target = { method: 'POST', url: 'https://bucket.test', expiresAt: '', fields: {} } as const;
  return sendFile(target, new File(['x'], 'a.jpg'), () => {}, new AbortController().signal).catch(
    (error: unknown) => error,
  );
}

test.each([
  [400, 'EntityTooLarge', true],
  [400, 'RequestTimeout', false],
  [403, 'AccessDenied', false],
  [503, 'SlowDown', false],
])('%i %s', async (status, code, isFinal) => {
  const error = await sent(status, code);
  expect(error).toBeInstanceOf(Error);
  expect(error instanceof UploadRefused).toBe(isFinal);
  expect((error as Error).message).toBe(`${code} it is`);
});
