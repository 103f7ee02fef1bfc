/** The deployed functions from cdk.out on this machine (test/assets), one execution of each, over a real S3 server. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/client.ts';
import type { ObjectChange } from '../../local/s3-event.ts';
import { Sequencer } from '../../local/sequencer.ts';
import { QUEUE_LIMITS } from '../../pictures/ingest/limits.ts';
import { Deployment } from '../../test/assets/deployment.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { Limiter } from '../../vectorlog/parallel.ts';
import { type FunctionAnswer, fetchFrom } from '../function-events.ts';
import type { Target } from './target.ts';

const CDK_OUT = fileURLToPath(new URL('../../cdk.out', import.meta.url));
/** The schedule's. */
const COMPACT_EVERY_MS = 60_000;

/** Events that wait for the one execution; past that they are throttled, as Lambda does where it may start no other. */
const MOST_WAITING = 20;
const THROTTLED = {
  statusCode: 429,
  headers: { 'retry-after': '1' },
  body: '{"message":"Too Many Requests"}',
};

export async function functions(): Promise<Target> {
  if (!existsSync(CDK_OUT)) throw new Error('there is no cdk.out: run "npm run test:assets" first');
  const deployment = await Deployment.start(CDK_OUT);
  const { searcher, onUpload, compactor, front, images } = deployment;
  let failed: unknown;
  // An execution takes one event at a time.
  const executions = new Map([searcher, front].map((fn) => [fn, new Limiter(1)]));
  const client = createClient({
    endpoint: 'http://gateway',
    fetch: fetchFrom(async (event) => {
      // Pictures that nobody takes in any more would be waited for without end.
      if (failed) throw failed;
      const { method, path } = event.requestContext.http;
      const fn = deployment.functionFor(method, path);
      const execution = executions.get(fn)!;
      return execution.waiting >= MOST_WAITING
        ? THROTTLED
        : execution.run(() => fn.invoke(event) as Promise<FunctionAnswer>);
    }),
  });
  const sequencer = new Sequencer(systemClock);
  const waiting: { change: ObjectChange; since: number }[] = [];
  let isOpen = true;
  const pump = async (): Promise<void> => {
    while (isOpen) {
      const isDue =
        waiting.length >= QUEUE_LIMITS.batchSize ||
        (waiting[0] && Date.now() - waiting[0].since >= QUEUE_LIMITS.batchWindowMs);
      if (!isDue) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      const batch = waiting.splice(0, QUEUE_LIMITS.batchSize);
      const ids = await deployment.deliver(...batch.map(({ change }) => change));
      if (ids.length > 0) throw new Error(`on-upload failed: ${onUpload.log.slice(-2_000)}`);
    }
  };
  const pumping = pump().catch((error: unknown) => {
    failed = error;
  });
  let compacting: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    compacting = compacting.then(() => deployment.compact()).catch((error: unknown) => (failed = error));
  }, COMPACT_EVERY_MS);
  return {
    name: 'deployed functions, one execution each',
    client,
    endpoint: undefined,
    async put(key, bytes) {
      if (failed) throw failed;
      const { eTag } = await images.put(key, bytes, { contentType: 'image/jpeg' });
      const at = Date.now();
      const change = { kind: 'ObjectCreated:Put', key, eTag, size: bytes.length, at } as const;
      waiting.push({ change: { ...change, sequencer: sequencer.next() }, since: at });
    },
    // By the function that does not search: the other's line is full of searches.
    async found(_prefix, keys) {
      if (keys.size === 0) return [];
      const { states } = await client.states([...keys]);
      return states.filter(({ state }) => state === 'indexed').map(({ key }) => key);
    },
    resident: () =>
      Object.fromEntries([searcher, front, onUpload, compactor].map((fn) => [fn.name, fn.residentBytes])),
    async close() {
      isOpen = false;
      clearInterval(timer);
      await Promise.all([pumping, compacting]);
      await deployment.stop();
    },
  };
}
