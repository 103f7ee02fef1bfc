/** A worker thread of the scan: gets memory and jobs, answers each job with what it found. */

import { parentPort, workerData } from 'node:worker_threads';
import { Control } from './control.ts';
import type { ToWorker } from './job.ts';
import { quantize, scan } from './scan.ts';
import { Thread } from './thread.ts';
import type { WorkerStart } from './worker-pool.ts';

const { number, module, control: shared } = workerData as WorkerStart;
const thread = new Thread(number, module);
const control = new Control(shared);

parentPort!.on('message', (message: ToWorker) => {
  if (message.kind === 'grant') thread.grant(message.segment);
  else if (message.kind === 'scan') parentPort!.postMessage(scan(thread, control, message));
  else parentPort!.postMessage(quantize(thread, control, message));
});
