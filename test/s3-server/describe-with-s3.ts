/** A block of tests against a real S3 server; where none can be had, it says so and skips, unless one was asked for. */

import { afterAll, beforeAll, describe } from 'vitest';
import { type S3Server, startS3Server, whyNoS3Server } from './s3-server.ts';

/** @param tests defines the tests; the server is there once they run */
export function describeWithS3(name: string, tests: (server: () => S3Server) => void): void {
  const reason = whyNoS3Server();
  const isSkipped = reason !== undefined && process.env.LIKENESS_INSTALL !== '1';
  if (isSkipped) console.warn(`skipped "${name}": ${reason}`);
  describe.skipIf(isSkipped)(name, () => {
    let server: S3Server | undefined;
    beforeAll(async () => {
      server = await startS3Server();
    }, 300_000);
    afterAll(() => server?.stop());
    tests(() => server!);
  });
}
