/** A worker thread of the scan: gets memory and jobs, answers each job with what it found. */

import { parentPort, workerData } from 'node:worker_threads';
import { Control } from './control.ts';
import { Thread } from './pass.ts';
import type { ToWorker, WorkerStart } from './worker-pool.ts';

const { number, module, control: shared } = workerData as WorkerStart;
const thread = new Thread(number, module);
const control = new Control(shared);

parentPort!.on('message', (message: ToWorker) => {
  if ('grant' in message) thread.grant(message.grant);
  else parentPort!.postMessage(thread.scan(control, message.job));
});
