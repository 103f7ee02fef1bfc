/** A block of tests against a real S3 server; where none can be had, it says so and skips. */

import { afterAll, beforeAll, describe } from 'vitest';
import { type S3Server, startS3Server, whyNoS3Server } from './s3-server.ts';

/** @param tests defines the tests; the server is there once they run */
export function describeWithS3(name: string, tests: (server: () => S3Server) => void): void {
  const reason = whyNoS3Server();
  if (reason !== undefined) console.warn(`skipped "${name}": ${reason}`);
  describe.skipIf(reason !== undefined)(name, () => {
    let server: S3Server | undefined;
    beforeAll(async () => {
      server = await startS3Server();
    }, 300_000);
    afterAll(() => server?.stop());
    tests(() => server!);
  });
}
