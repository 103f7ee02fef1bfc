/** `likeness serve`: everything on one machine, over a folder of pictures. */

import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Differences } from '../../local/differences.ts';
import type { Serving } from '../../local/serve.ts';
import type { PictureDecoder } from '../../pictures/decoding/decoder.ts';
import type { Embedder } from '../../pictures/embedding/embedder.ts';
import { EXIT } from '../errors.ts';
import { startProgress } from '../progress.ts';
import { integer } from '../search-flags.ts';
import { count, styled, type Terminal } from '../terminal.ts';

interface Flags {
  readonly port: number;
  readonly host?: string;
  readonly index?: string;
  readonly exclude?: string[];
  readonly include?: string[];
  readonly forget?: boolean;
  readonly verbose?: boolean;
  readonly compactEvery?: number;
}

/** What is served when no folder is named. */
const DEFAULT_FOLDER = join(homedir(), 'Likeness');

const POLL_MS = 200;

export function serveCommand(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .summary('search a folder of pictures on this machine')
    .description(
      'Indexes the pictures of a folder, watches it, and serves the API and the console on this machine. ' +
        'Stop it with Ctrl-C; it goes on where it stopped.',
    )
    .argument('[folder]', `the pictures (default: ${DEFAULT_FOLDER}, which is made when it is missing)`)
    .option('-p, --port <port>', 'the port on 127.0.0.1', integer, 3_000)
    .option(
      '--host <address>',
      'let in other devices too, on this address of the machine (0.0.0.0: all), with a token that is printed',
    )
    .option('--index <folder>', 'where to keep the index (default: .likeness in the folder)')
    .option(
      '--exclude <globs...>',
      'files and folders to leave alone, besides the usual ones; kept with the index',
    )
    .option('--include <globs...>', 'files and folders to take in all the same; kept with the index')
    .option(
      '--forget',
      'forget what is not there now, though the folder is empty, or another, or lost many pictures',
    )
    .option('--verbose', 'say also what goes well')
    // The tests of faults kill foldings, and cannot wait half a minute for each.
    .addOption(new Option('--compact-every <ms>').argParser(integer).hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  likeness serve ~/Pictures
  likeness serve /mnt/photos --index ~/photos-index --port 8000
  likeness serve ~/Pictures --host 0.0.0.0
  likeness serve ~/Pictures --exclude 'private' '*_edited.*' --include '@eaDir/keep'`,
    )
    .action(async (folder: string | undefined, flags: Flags) => {
      // Loaded only here: the network's runtime takes a quarter of a second that no other command needs.
      const [
        { loadEmbedder },
        { PictureDecoder },
        { decodeBytesOf },
        { findOptionalDecoders },
        { modelFolder },
        { consoleLogger },
        { serveFolder },
      ] = await Promise.all([
        import('../../pictures/embedding/load.ts'),
        import('../../pictures/decoding/decoder.ts'),
        import('../../pictures/decoding/memory-budget.ts'),
        import('../../pictures/decoding/optional/find.ts'),
        import('../../local/model-choice.ts'),
        import('../../local/console-logger.ts'),
        import('../../local/serve.ts'),
      ]);
      const logger = consoleLogger(terminal.err, flags.verbose);
      // One request's fault must not end the others; what reaches this is a fault of ours, and the log says where.
      process.on('unhandledRejection', (error) => logger.error('a fault that nobody caught', { error }));
      const decoder = new PictureDecoder({ maxMemoryBytes: decodeBytesOf() }, findOptionalDecoders());
      const embedder = await loadEmbedder(await modelFolder(), { decoder, apart: true });
      if (folder === undefined) await mkdir(DEFAULT_FOLDER, { recursive: true });
      const served = resolve(folder ?? DEFAULT_FOLDER);
      let tellFound: (differences: Differences) => void = () => {};
      const found = new Promise<Differences>((resolve) => {
        tellFound = resolve;
      });
      const serving = await serveFolder({
        folder: served,
        ...(flags.index && { indexFolder: flags.index }),
        port: flags.port,
        ...(flags.host && { host: flags.host }),
        embedder,
        decoder,
        logger,
        selection: { exclude: flags.exclude, include: flags.include },
        ...(flags.forget && { forget: true }),
        ...(flags.compactEvery && { compactEveryMs: flags.compactEvery }),
        onCompared: tellFound,
      });
      welcome(terminal, serving, served, embedder, decoder);
      const asked = untilAskedToStop(terminal);
      await showIndexing(serving, found, terminal, asked);
      await aborted(asked);
      await serving.stop();
      endWithoutHungReads(terminal);
    });
}

function welcome(
  terminal: Terminal,
  { url, invitations }: Serving,
  folder: string,
  { model }: Embedder,
  { optional }: PictureDecoder,
): void {
  if (model.synthetic) {
    terminal.err(
      styled(terminal, 'yellow', '*** The model has SYNTHETIC weights: copies of pictures are found, ***'),
    );
    terminal.err(
      styled(
        terminal,
        'yellow',
        '*** likeness of meaning is not. "npx likeness-search setup" tells what to do.  ***',
      ),
    );
  }
  terminal.out(`Pictures: ${folder}`);
  terminal.out(`Model:    ${model.modelId}`);
  const kinds = [...new Set(optional.flatMap((each) => [...each.kinds]))].map((kind) =>
    kind === 'odd-tiff' ? 'TIFFs of odd kinds' : kind.toUpperCase(),
  );
  if (kinds.length > 0)
    terminal.out(`Also:     ${kinds.join(', ')}, by ${optional.map(({ name }) => name).join(' and ')}`);
  terminal.out(`Open      ${styled(terminal, 'bold', url)}`);
  for (const each of invitations) terminal.out(`Elsewhere ${styled(terminal, 'bold', each)}`);
  if (invitations.length > 0)
    terminal.err(
      'Whoever has that address may see, add and delete the pictures; it ends with this server. It is not encrypted: use it in networks that you trust.',
    );
}

/** Shows how the differences that the first comparison found are worked off. */
async function showIndexing(
  { queue, idle }: Serving,
  found: Promise<Differences>,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const startedAt = Date.now();
  const { toIndex, toForget } = await Promise.race([found, aborted(stop).then(() => NOTHING)]);
  const total = toIndex + toForget;
  if (total === 0) return;
  terminal.err(`${count(toIndex, 'picture')} to index, ${toForget} to forget.`);
  const bar = startProgress({ title: 'Indexing', total });
  let isIdle = false;
  void idle().then(() => {
    isIdle = true;
  });
  while (!isIdle && !stop.aborted) {
    const { done = 0, total: all = 0 } = queue.progress ?? {};
    bar.update(done, Math.max(total, all));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  bar.stop();
  if (stop.aborted) return;
  const seconds = (Date.now() - startedAt) / 1_000;
  terminal.err(`Done in ${seconds.toFixed(1)} s, ${(total / seconds).toFixed(1)} a second.`);
}

const NOTHING: Differences = { toIndex: 0, toForget: 0 };

const HUNG_MS = 5_000;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Aborts when someone stops the server; a second signal does not wait for what is at work. */
function untilAskedToStop(terminal: Terminal): AbortSignal {
  const asked = new AbortController();
  const hear = () => {
    if (asked.signal.aborted) process.exit(EXIT.interrupted);
    terminal.err('Stopping; once more to stop at once.');
    asked.abort();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return asked.signal;
}

/** What a share that hangs is to answer keeps a process from ending, also by itself; all that matters has ended by now. */
function endWithoutHungReads(terminal: Terminal): void {
  const end = () => {
    terminal.err('The folder still does not answer; ended without it.');
    process.kill(process.pid, 'SIGKILL');
  };
  // Keeps nothing running: what else there was is over sooner.
  setTimeout(end, HUNG_MS).unref();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
