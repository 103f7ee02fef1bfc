/** The command `likeness`. */

import { run } from './program.ts';
import { processTerminal } from './terminal.ts';

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Node has 4 threads for all files: a share that hangs would take them all, and searches would wait for it.
process.env.UV_THREADPOOL_SIZE ??= '16';

process.exitCode = await run(process.argv.slice(2), processTerminal);
