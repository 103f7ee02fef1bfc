/** `likeness backfill` and `likeness rebuild`: have pictures indexed that no event told of, or all of them anew. */

import type { Command } from 'commander';
import { consoleLogger } from '../../local/console-logger.ts';
import { jsonText, shellQuoted } from '../../local/printable.ts';
import { type BackfillOptions, type BackfillReport, backfill } from '../../pictures/ingest/backfill.ts';
import { systemClock } from '../../vectorlog/clock.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { startProgress } from '../progress.ts';
import {
  addTargetFlags,
  endingsOf,
  openTarget,
  TARGET_HELP,
  type Target,
  type TargetFlags,
} from '../target.ts';
import { count, type Terminal } from '../terminal.ts';

interface Flags extends TargetFlags {
  readonly json?: boolean;
  readonly prefix?: string;
  readonly endings?: string;
  readonly startAfter?: string;
  readonly thumbnails?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly cloud?: string;
  readonly redrive?: boolean;
}

const BACKFILL = {
  name: 'backfill' as const,
  summary: 'index what the index misses',
  description:
    'Compares every picture with the index and has indexed what differs: pictures that were there before Likeness, ' +
    'or whose events were lost. Safe while uploads go on, and to run again.',
};

const REBUILD = {
  name: 'rebuild' as const,
  summary: 'make the index anew from the pictures',
  description:
    'Empties the index and has every picture indexed again, whatever state index and log are in. Searches find what is ' +
    'done so far. With --prefix nothing is emptied: the pictures under it are indexed again, in place.',
};

export const backfillCommand = (program: Command, terminal: Terminal): void =>
  define(program, terminal, BACKFILL, async (target, send, options) =>
    backfill({ ...target, send }, options),
  );

export const rebuildCommand = (program: Command, terminal: Terminal): void =>
  define(program, terminal, REBUILD, async (target, send, options, flags) => {
    if (empties(flags) && !flags.yes) await confirm(terminal);
    const { rebuild } = await import('../../pictures/maintenance/rebuild.ts');
    return rebuild({ ...target, send, clock: systemClock }, options);
  });

type Run = (
  target: Target,
  send: (bodies: readonly string[]) => Promise<void>,
  options: BackfillOptions,
  flags: Flags,
) => Promise<BackfillReport>;

const empties = ({ dryRun, prefix, startAfter }: Flags): boolean =>
  !dryRun && prefix === undefined && startAfter === undefined;

/** @throws UsageError when nobody is there to ask; CommandFailed when the answer is no */
async function confirm(terminal: Terminal): Promise<void> {
  if (!terminal.interactive || !process.stdin.isTTY)
    throw new UsageError('a rebuild empties the index first; say --yes if that is meant');
  const { createInterface } = await import('node:readline/promises');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Empty the index and embed every picture again? [y/N] ');
  asking.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandFailed('nothing was changed');
}

function define(
  program: Command,
  terminal: Terminal,
  { name, summary, description }: Omit<typeof BACKFILL, 'name'> & { readonly name: 'backfill' | 'rebuild' },
  run: Run,
) {
  const command = addTargetFlags(program.command(name));
  if (name === 'rebuild') command.option('--yes', 'empty the index without asking');
  command
    .summary(summary)
    .description(description)
    .option('--queue-url <url>', 'on AWS: the queue of on-upload, which does the work')
    .option('--function <name>', 'on AWS without a queue: on-upload itself')
    .option('--prefix <prefix>', 'only keys that begin with this')
    .option('--endings <list>', 'only keys with these endings, with commas between, or all')
    .option('--start-after <key>', 'go on after this key, as an interrupted run said')
    .option(
      '--thumbnails',
      'make missing thumbnails, though there is none yet; they are made where there are any',
    )
    .option('--dry-run', 'only count')
    .option('--cloud <arn>', 'run it on AWS, in the state machine of a stack with backfill: true')
    .option('--redrive', 'with --cloud: go on with the last run, which failed or was stopped')
    .addHelpText(
      'after',
      `${TARGET_HELP}

Examples:
  likeness ${name} ~/Pictures
  likeness ${name} --images-bucket my-pictures --index-bucket my-index --queue-url https://sqs…/Uploads
  likeness ${name} --cloud arn:aws:states:…:stateMachine:…
  likeness ${name} --dry-run --json`,
    )
    .action(async (folder: string | undefined, _options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      if (flags.cloud) return startInCloud(flags.cloud, name, flags, terminal);
      const target = await openTarget(folder, flags, { writes: flags.dryRun !== true });
      if (name === 'rebuild' && empties(flags)) await target.assertThere();
      const sender = flags.dryRun ? undefined : await target.openSender(consoleLogger(terminal.err));
      const bar = startProgress({ title: 'Comparing', total: 0 });
      let cursor: string | undefined;
      let report: BackfillReport;
      try {
        report = await run(
          target,
          (bodies) => sender?.send(bodies) ?? Promise.resolve(),
          {
            ...(flags.prefix && { prefix: flags.prefix }),
            endings: endingsOf(flags.endings, target),
            ...(flags.startAfter && { startAfter: flags.startAfter }),
            ...(flags.thumbnails && { thumbnails: true }),
            dryRun: flags.dryRun === true,
            onProgress: (progress) => {
              cursor = progress.cursor;
              bar.update(progress.compared, progress.compared);
            },
          },
          flags,
        );
      } catch (error) {
        if (cursor !== undefined && !target.local)
          terminal.err(`Go on with: likeness ${name} --start-after ${shellQuoted(cursor)}`);
        throw error;
      } finally {
        bar.stop();
      }
      const failed = (await sender?.finish())?.failed ?? 0;
      const fingerprints =
        target.local && !flags.dryRun ? await fingerprintsMade(target, flags, terminal) : 0;
      if (flags.json) terminal.out(jsonText({ ...report, fingerprints, failed }));
      else show(terminal, { ...report, fingerprints }, target, flags);
      if (failed > 0)
        throw new CommandFailed(`${count(failed, 'picture')} could not be indexed; run it again`);
    });
}

/** What was indexed here, renamed or damaged has no fingerprint yet. */
async function fingerprintsMade(
  { index, pictures }: Target,
  { prefix }: Flags,
  terminal: Terminal,
): Promise<number> {
  const [{ PictureDecoder }, { findOptionalDecoders }, { fingerprintMaker }, { makeFingerprints }] =
    await Promise.all([
      import('../../pictures/decoding/decoder.ts'),
      import('../../pictures/decoding/optional/find.ts'),
      import('../../pictures/duplicates/fingerprint.ts'),
      import('../../pictures/maintenance/fingerprints.ts'),
    ]);
  const make = fingerprintMaker(new PictureDecoder({}, findOptionalDecoders()));
  const logger = consoleLogger(terminal.err);
  const bar = startProgress({ title: 'Fingerprints', total: 0 });
  try {
    const deps = { index, pictures, clock: systemClock, logger, make };
    const onProgress = (done: number, total: number) => bar.update(done, total);
    return await makeFingerprints(deps, { ...(prefix && { prefix }), onProgress });
  } finally {
    bar.stop();
  }
}

/** What is indexed is for the stack to say: its prefix and endings hold there. */
async function startInCloud(
  arn: string,
  job: 'backfill' | 'rebuild',
  flags: Flags,
  terminal: Terminal,
): Promise<void> {
  const { prefix, redrive, endings, startAfter, thumbnails, dryRun, json } = flags;
  if (endings ?? startAfter ?? thumbnails ?? dryRun)
    throw new UsageError('--cloud goes with --prefix, --redrive and --yes, and with no other way to choose');
  const { Cloud } = await import('../cloud.ts');
  const cloud = new Cloud(arn);
  if (job === 'rebuild' && !redrive && empties(flags) && !flags.yes) await confirm(terminal);
  const run = redrive
    ? await cloud.redrive()
    : await cloud.start({ job, ...(prefix !== undefined && { prefix }) });
  if (json) terminal.out(jsonText({ run }));
  else terminal.out(`Started ${run}. "likeness status --endpoint <ApiUrl>" shows how far it is.`);
}

function show(
  terminal: Terminal,
  report: BackfillReport & { readonly fingerprints: number },
  { local }: Target,
  { dryRun = false, function: isDirect }: Flags,
): void {
  const { compared, missing, changed, bare, gone, archived, fingerprints } = report;
  const done = dryRun ? 'nothing was changed' : local || isDirect ? 'all is indexed' : 'the queue has them';
  terminal.out(
    `Compared ${count(compared, 'key')}: ${missing} missing, ${changed} changed, ${bare > 0 ? `${bare} without a thumbnail, ` : ''}${gone} gone; ${done}${fingerprints > 0 ? `, and ${count(fingerprints, 'fingerprint')} made` : ''}.`,
  );
  if (archived > 0)
    terminal.err(
      `${count(archived, 'picture')} in an archive cannot be indexed; what is restored is indexed by itself.`,
    );
}
