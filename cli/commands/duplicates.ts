/** `likeness duplicates`: pictures that are there more than once, and the way to be rid of the copies. */

import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { ProblemError } from '../../client/problem-error.ts';
import type { DuplicateGroup, DuplicatesOptions } from '../../client/types.ts';
import { jsonText, printable } from '../../local/printable.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { type Deletions, deletePictures, type Going } from '../delete-pictures.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { startProgress } from '../progress.ts';
import { decimal } from '../search-flags.ts';
import { count, fileSize, pixelSize, styled, type Terminal } from '../terminal.ts';

interface Flags extends ServerFlags {
  readonly tier?: 'identical' | 'same' | 'likely' | 'alike';
  readonly minScore?: number;
  readonly prefix?: string;
  readonly keep?: string;
  readonly protect: readonly string[];
  readonly dryRun?: boolean;
  readonly trash?: boolean;
  readonly forGood?: boolean;
  readonly csv?: boolean;
}

type Member = DuplicateGroup['pictures'][number];

/** A group with what is to become of it. */
interface Plan {
  readonly group: DuplicateGroup;
  readonly keeper: string | undefined;
  readonly reason: string;
  /** What goes. */
  readonly gone: readonly Member[];
}

export function duplicatesCommand(program: Command, terminal: Terminal): void {
  program
    .command('duplicates')
    .summary('find pictures that are there more than once, and keep one of each')
    .description(
      'Finds groups of the same picture, by the pictures themselves, and says which one to keep and why. ' +
        'Deletes nothing without --trash.',
    )
    .option(
      '--tier <tier>',
      'identical, same, likely (probably the same, to be looked at), or alike (near in the model only); nothing is deleted by the last two',
      'same',
    )
    .option('--min-score <score>', 'for tier alike: how alike, 0.5 to 1 (default: 0.97)', decimal)
    .option('--prefix <prefix>', 'only keys that begin with this')
    .option('--keep <rule>', 'which one stays: best, oldest, largest, or in:FOLDER', 'best')
    .option(
      '--protect <folder>',
      'delete nothing from here; may be repeated',
      (folder: string, before: readonly string[]) => [...before, folder],
      [] as readonly string[],
    )
    .option('--dry-run', 'say what would be deleted and freed (the default)')
    .option('--trash', 'delete all but the keepers; they can be had back from the trash')
    .option('--for-good', 'with --trash: also where nothing is kept, so that what is deleted is gone')
    .option(
      '--csv',
      'print a line a picture: group, what becomes of it, key, bytes, size, dates, tier, reason',
    )
    .addHelpText(
      'after',
      `
Examples:
  likeness duplicates                                 groups, the one to keep first
  likeness duplicates --keep oldest --dry-run         what would go, and what that frees
  likeness duplicates --keep in:originals/ --protect family/ --trash
  likeness duplicates --json | jq '[.[].deletable[]]' | likeness rm --from -   # never a keeper

Exit codes: 0 done, 1 failed or not all could be deleted, 2 wrong usage, 130 stopped.`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const rule = ruleOf(flags.keep ?? 'best');
      if (flags.trash && flags.dryRun) throw new UsageError('choose --dry-run or --trash');
      if (flags.trash && (flags.tier === 'likely' || flags.tier === 'alike'))
        throw new UsageError(
          'pictures that are only probably the same, or alike, are not deleted; use --tier same or identical',
        );
      if (flags.forGood && !flags.trash) throw new UsageError('--for-good goes with --trash');
      const client = await connect(flags);
      if (flags.trash && !flags.forGood && !(await client.trash({ limit: 1 })).kept)
        throw new CommandFailed(
          'nothing that is deleted here can be had back: the bucket keeps no versions. Nothing was deleted; ' +
            'say --for-good too if that is meant',
        );
      await assertFolders(client, [...(rule.prefer ?? []), ...flags.protect]);
      const plans = plansOf(await allGroups(client, flags, rule));
      const done = flags.trash ? await deletePictures(client, goingOf(plans), terminal) : undefined;
      show(terminal, flags, plans, done);
      if (done?.failure) throw done.failure;
    });
}

/** Rules are applied where pictures are compared: each group is made around the picture that stays, and held against it. */
type Rule = Pick<DuplicatesOptions, 'keep' | 'prefer'>;

function ruleOf(text: string): Rule {
  if (text === 'best' || text === 'oldest' || text === 'largest') return { keep: text };
  // Only this folder, and none that begins like it: what is in it is kept before better ones.
  if (text.startsWith('in:') && text.length > 3) return { prefer: [text.slice(3).replace(/\/?$/, '/')] };
  throw new UsageError('--keep is best, oldest, largest, or in:FOLDER');
}

/** A folder that is spelled otherwise would protect nothing, and nobody would notice. @throws UsageError */
async function assertFolders(client: Client, folders: readonly string[]): Promise<void> {
  for (const prefix of folders)
    if ((await client.images({ prefix, limit: 1 })).items.length === 0)
      throw new UsageError(
        `no picture has a key that begins with "${prefix}"; folders are named from the top of the library, such as 2024/summer/`,
      );
}

async function allGroups(client: Client, flags: Flags, rule: Rule): Promise<DuplicateGroup[]> {
  const { tier, minScore, prefix, protect } = flags;
  const bar = startProgress({ title: 'Comparing', total: 0 });
  const found = new Map<string, DuplicateGroup>();
  let compared = 0;
  let cursor: string | undefined;
  let isDone = false;
  try {
    while (!isDone) {
      try {
        const page = await client.duplicates({
          ...rule,
          protect,
          ...(tier && { tier }),
          ...(minScore !== undefined && { minScore }),
          ...(prefix && { prefix }),
          ...(cursor && { cursor }),
        });
        for (const group of page.groups) found.set(idOf(group), group);
        compared += page.compared;
        if (page.unread) bar.update(page.total - page.unread, page.total, 'Reading pictures');
        else bar.update(Math.min(compared, page.total), page.total, 'Comparing');
        cursor = page.cursor;
        isDone = cursor === undefined;
      } catch (error) {
        // The index was written anew: what was found stays, and what comes once more is known by its keeper.
        if (!(error instanceof ProblemError && error.code === 'cursor-expired')) throw error;
        cursor = undefined;
        compared = 0;
      }
    }
  } finally {
    bar.stop();
  }
  return [...found.values()];
}

const idOf = ({ pictures, part }: DuplicateGroup): string => `${pictures[0]!.key} ${part?.number ?? 1}`;

/**
 * What is to become of each group. Where the index was written anew on the way, a picture may be in two groups; what one
 * of them keeps the other does not delete, and nothing is counted twice.
 */
function plansOf(groups: readonly DuplicateGroup[]): Plan[] {
  const settled = new Set(groups.flatMap(({ keeper }) => keeper ?? []));
  return groups.map((group) => {
    const deletable = new Set(group.deletable.filter((key) => !settled.has(key)));
    for (const key of deletable) settled.add(key);
    const gone = group.pictures.filter(({ key }) => deletable.has(key));
    return { group, keeper: group.keeper, reason: group.reason ?? '', gone };
  });
}

/** Each goes only while it is still the picture that was compared, and while the one that stays is too. */
const goingOf = (plans: readonly Plan[]): Going[] =>
  plans.flatMap(({ group, keeper, gone }) => {
    const copyOf = group.pictures.find(({ key }) => key === keeper);
    // Without the one that stays nothing goes.
    return copyOf ? gone.map(({ key, eTag }) => ({ key, eTag, copyOf })) : [];
  });

function show(terminal: Terminal, flags: Flags, plans: readonly Plan[], done: Deletions | undefined): void {
  if (flags.json) {
    const deleted = new Set(done?.deleted);
    const planned = plans.map(({ group, keeper, reason, gone }) => ({
      ...group,
      ...(keeper !== undefined && { keeper, reason }),
      deletable: gone.map(({ key }) => key),
      freesBytes: bytesOf(gone),
      ...(done && { deleted: gone.map(({ key }) => key).filter((key) => deleted.has(key)) }),
    }));
    terminal.out(jsonText(planned));
  } else if (flags.csv) {
    terminal.out('group,becomes,key,bytes,width,height,taken,lastModified,tier,reason');
    for (const [i, plan] of plans.entries()) {
      for (const picture of plan.group.pictures) {
        const { key, size, width = '', height = '', taken = '', lastModified, tier } = picture;
        const becomes = becomesOf(plan, key);
        const reason = becomes === 'kept' ? plan.reason : '';
        const fields = [becomes, quoted(key), size, width, height, taken, lastModified, tier, quoted(reason)];
        const line = [i + 1, ...fields].join(',');
        // A file has the keys as they are; whoever reads the lines on a terminal does not want to obey them.
        terminal.out(terminal.interactive ? printable(line) : line);
      }
    }
  } else showGroups(terminal, plans);
  summarise(terminal, plans, done);
}

function showGroups(terminal: Terminal, plans: readonly Plan[]): void {
  for (const plan of plans) {
    const { tier, pictures } = plan.group;
    terminal.out(
      styled(
        terminal,
        'bold',
        plan.keeper ? `${tier}, keep ${printable(plan.keeper)} (${printable(plan.reason)})` : tier,
      ),
    );
    for (const picture of pictures) {
      const { key, size, taken, lastModified } = picture;
      const date = (taken ?? lastModified).slice(0, 10);
      terminal.out(
        `  ${becomesOf(plan, key).padEnd(9)} ${fileSize(size).padStart(8)} ${pixelSize(picture).padStart(13)}  ${date}  ${printable(key)}`,
      );
    }
  }
}

function summarise(terminal: Terminal, plans: readonly Plan[], done: Deletions | undefined): void {
  if (plans.length === 0) {
    terminal.err('There are no duplicates.');
    return;
  }
  const gone = plans.flatMap((plan) => plan.gone);
  const summary = `${count(plans.length, 'group')}, ${count(gone.length, 'picture')} to spare, ${fileSize(bytesOf(gone))}`;
  if (!done) {
    terminal.err(`${summary}. Nothing was deleted; --trash does.`);
    return;
  }
  const kept = done.final > 0 ? `${done.final} of them for good` : 'they can be had back from the trash';
  terminal.err(`${summary}. Deleted ${done.deleted.length}: ${kept}.`);
}

const bytesOf = (pictures: readonly Member[]): number => pictures.reduce((sum, { size }) => sum + size, 0);

/** What becomes of a picture; of a group that nothing is offered of, how it goes with the first one. */
const becomesOf = (
  { group, keeper, gone }: Plan,
  key: string,
): 'kept' | 'spare' | 'finer' | 'protected' | Member['tier'] => {
  if (keeper === undefined || group.tier === 'likely')
    return group.pictures.find((each) => each.key === key)!.tier;
  if (key === keeper) return 'kept';
  if (gone.some((each) => each.key === key)) return 'spare';
  return group.pictures.some((each) => each.key === key && each.finer) ? 'finer' : 'protected';
};

/** A field of a CSV file; a spreadsheet must not take a key for a formula. */
const quoted = (text: string): string =>
  `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
