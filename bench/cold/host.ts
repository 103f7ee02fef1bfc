/** The process of a function: imports its bundle, answers each event that its parent sends. Bundled by the benchmark. */

import { pathToFileURL } from 'node:url';

const { handler } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
  handler(event: unknown, context: unknown): Promise<unknown>;
};

process.on('message', (event) => {
  handler(event, { functionName: 'search', awsRequestId: 'bench' }).then(
    (answer) => process.send!({ answer }),
    (error: unknown) => process.send!({ error: String(error) }),
  );
});
process.send!('ready');
