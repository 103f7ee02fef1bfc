/** `likeness status`: how many, how fresh, which model. */

import type { Command } from 'commander';
import type { Stats } from '../../client/types.ts';
import { jsonText, printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { count, fileSize, styled, type Terminal, table } from '../terminal.ts';

export function statusCommand(program: Command, terminal: Terminal): void {
  program
    .command('status')
    .summary('show how many pictures, how fresh, which model')
    .description(
      'Shows what the server holds: pictures, model, the state of index and log, what still waits.',
    )
    .addHelpText(
      'after',
      `
Examples:
  likeness status
  likeness status --json --endpoint https://abc.execute-api.eu-west-1.amazonaws.com`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<ServerFlags>();
      const client = await connect(flags);
      const [stats, { reasons = [] }] = await Promise.all([client.stats(), client.health()]);
      if (flags.json) {
        terminal.out(jsonText({ ...stats, ...(reasons.length > 0 && { degraded: reasons }) }));
        return;
      }
      for (const line of table(rowsOf(stats, terminal))) terminal.out(line);
      for (const { message } of reasons)
        terminal.out(styled(terminal, 'yellow', `degraded: ${printable(message)}`));
    });
}

function rowsOf(
  { pictures, model, index, log, memory, queue, indexing, engine, recall, unreachable, backfill }: Stats,
  terminal: Terminal,
): string[][] {
  const name = printable(`${model.id} (${model.precision})`);
  const synthetic = styled(
    terminal,
    'yellow',
    'SYNTHETIC weights: copies are found, likeness of meaning is not',
  );
  const committed = index.committedAt ? `, committed ${printable(index.committedAt)}` : '';
  return [
    ['pictures', pictures.toLocaleString('en')],
    ['model', name],
    ...(model.synthetic ? [['', synthetic]] : []),
    [
      'index',
      `generation ${index.generation}, ${count(index.rows, 'row')}, ${index.deadRows} dead${committed}`,
    ],
    [
      'log',
      `${count(log.appends, 'append')} not folded yet${log.pending > 0 ? `, ${log.pending} not searched` : ''}`,
    ],
    ...(engine === 's3-vectors'
      ? [
          ['engine', `Amazon S3 Vectors, ${recall ? recallInWords(recall) : 'recall not measured yet'}`],
          ...(unreachable
            ? [['', `${count(unreachable, 'picture')} not searched until they are there`]]
            : []),
        ]
      : []),
    ['memory', `${fileSize(memory.bytes)} of ${fileSize(memory.budgetBytes)}`],
    ...(queue ? [['queue', `${queue.waiting} waiting, ${queue.failed} failed`]] : []),
    ...(indexing
      ? [['indexing', `${indexing.done} of ${indexing.total}, ${indexing.perSecond} a second`]]
      : []),
    ...(backfill
      ? [
          [
            'backfill',
            `${backfill.state}, ${backfill.compared} of ${backfill.listed} objects compared` +
              `${backfill.failed > 0 ? `, ${backfill.failed} failed: go on with --redrive` : ''}`,
          ],
        ]
      : []),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const recallInWords = ({ k, value, low, high, at }: NonNullable<Stats['recall']>): string =>
  `recall@${k} ${percent(value)} (${percent(low)} to ${percent(high)}), measured ${at}`;
