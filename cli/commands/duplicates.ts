/** `likeness duplicates`: pictures that are there more than once, and the way to be rid of the copies. */

import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { ProblemError } from '../../client/problem-error.ts';
import type { DuplicateGroup, FolderWishes } from '../../client/types.ts';
import { jsonText } from '../../local/printable.ts';
import { chooseKeeper, type KeepRule } from '../../pictures/duplicates/keeper.ts';
import { connect, type ServerFlags } from '../connection.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { startProgress } from '../progress.ts';
import { decimal } from '../search-flags.ts';
import { count, fileSize, styled, type Terminal } from '../terminal.ts';

interface Flags extends ServerFlags {
  readonly tier?: 'identical' | 'same' | 'alike';
  readonly minScore?: number;
  readonly prefix?: string;
  readonly keep?: string;
  readonly protect: readonly string[];
  readonly dryRun?: boolean;
  readonly trash?: boolean;
  readonly csv?: boolean;
}

/** A group with what is to become of it. */
interface Plan {
  readonly group: DuplicateGroup;
  readonly keeper: string | undefined;
  readonly reason: string;
  /** What goes. */
  readonly gone: readonly { readonly key: string; readonly size: number }[];
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
      'identical, same, or alike (near in the model only; nothing to delete by)',
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
    .option('--trash', 'delete all but the keepers; they can be had back where a trash is kept')
    .option('--csv', 'print a line a picture: group, what becomes of it, key, bytes, size, tier, reason')
    .addHelpText(
      'after',
      `
Examples:
  likeness duplicates                                 groups, the one to keep first
  likeness duplicates --keep oldest --dry-run         what would go, and what that frees
  likeness duplicates --keep in:originals/ --protect family/ --trash
  likeness duplicates --json | jq '[.[].deletable[]]' | likeness rm --from -   # never a keeper

Exit codes: 0 done, 1 failed or not all could be deleted, 2 wrong usage.`,
    )
    .action(async (_options, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const rule = ruleOf(flags.keep ?? 'best');
      if (flags.trash && flags.dryRun) throw new UsageError('choose --dry-run or --trash');
      if (flags.trash && flags.tier === 'alike')
        throw new UsageError('pictures that are only alike are not deleted; use --tier same or identical');
      const client = await connect(flags);
      const remembered = await client.decisions();
      const wishes = {
        preferred: [...(rule.folder ? [rule.folder] : []), ...remembered.preferred],
        protected: [...flags.protect, ...remembered.protected],
      };
      const groups = await allGroups(client, flags);
      const plans = groups.map((group) => planOf(group, rule.by, wishes));
      const deleted = flags.trash ? await remove(client, plans) : undefined;
      show(terminal, flags, plans, deleted);
      if (deleted && deleted.failed.length > 0)
        throw new CommandFailed(
          `${count(deleted.failed.length, 'picture')} could not be deleted: ${deleted.failed[0]}`,
        );
    });
}

function ruleOf(text: string): { by: KeepRule; folder?: string } {
  if (text === 'best' || text === 'oldest' || text === 'largest') return { by: text };
  if (text.startsWith('in:') && text.length > 3) return { by: 'best', folder: text.slice(3) };
  throw new UsageError('--keep is best, oldest, largest, or in:FOLDER');
}

async function allGroups(client: Client, flags: Flags): Promise<DuplicateGroup[]> {
  const { tier, minScore, prefix } = flags;
  const bar = startProgress({ title: 'Comparing', total: 0 });
  const found = new Map<string, DuplicateGroup>();
  let compared = 0;
  let cursor: string | undefined;
  try {
    do {
      try {
        const page = await client.duplicates({
          ...(tier && { tier }),
          ...(minScore !== undefined && { minScore }),
          ...(prefix && { prefix }),
          ...(cursor && { cursor }),
        });
        for (const group of page.groups) found.set(idOf(group), group);
        compared += page.compared;
        bar.update(Math.min(compared, page.total), page.total);
        cursor = page.cursor;
      } catch (error) {
        // The index was written anew: what was found stays, and what comes once more is known by its keeper.
        if (!(error instanceof ProblemError && error.code === 'cursor-expired')) throw error;
        cursor = undefined;
        compared = 0;
      }
    } while (cursor !== undefined || compared === 0);
  } finally {
    bar.stop();
  }
  return [...found.values()];
}

const idOf = ({ pictures, part }: DuplicateGroup): string => `${pictures[0]!.key} ${part?.number ?? 1}`;

/**
 * A group's own keeper is the one that all others are the same as; another may be kept by rule only when there is no
 * third picture, which was never held against it.
 */
function planOf(group: DuplicateGroup, by: KeepRule, wishes: FolderWishes): Plan {
  const { pictures, keeper: own, reason: ownReason = '' } = group;
  if (own === undefined) return { group, keeper: undefined, reason: '', gone: [] };
  const isFree = pictures.length === 2 || group.tier === 'identical';
  const chosen = isFree ? chooseKeeper(pictures, wishes, by) : undefined;
  const keeper = chosen?.keeper.key ?? own;
  const others = pictures.filter(({ key }) => key !== keeper);
  const gone = others.filter(({ key }) => !wishes.protected.some((folder) => key.startsWith(folder)));
  return { group, keeper, reason: chosen?.reason ?? ownReason, gone };
}

async function remove(client: Client, plans: readonly Plan[]) {
  const keys = plans.flatMap(({ gone }) => gone.map(({ key }) => key));
  const bar = startProgress({ title: 'Deleting', total: keys.length });
  const failed: string[] = [];
  let final = 0;
  try {
    for (const [i, key] of keys.entries()) {
      try {
        const { restorable } = await client.delete(key);
        if (!restorable) final++;
      } catch (error) {
        failed.push(`${key}: ${(error as Error).message}`);
      }
      bar.update(i + 1);
    }
  } finally {
    bar.stop();
  }
  return { deleted: keys.length - failed.length, final, failed };
}

function show(
  terminal: Terminal,
  flags: Flags,
  plans: readonly Plan[],
  deleted: Awaited<ReturnType<typeof remove>> | undefined,
): void {
  const gone = plans.flatMap((plan) => plan.gone);
  const bytes = gone.reduce((sum, { size }) => sum + size, 0);
  if (flags.json) {
    const planned = plans.map(({ group, keeper, reason, gone }) => ({
      ...group,
      ...(keeper !== undefined && { keeper, reason }),
      deletable: gone.map(({ key }) => key),
      freesBytes: gone.reduce((sum, { size }) => sum + size, 0),
    }));
    terminal.out(jsonText(planned));
    return;
  }
  if (flags.csv) {
    terminal.out('group,becomes,key,bytes,width,height,tier,reason');
    for (const [i, plan] of plans.entries()) {
      for (const { key, size, width = '', height = '', tier } of plan.group.pictures) {
        const becomes = becomesOf(plan, key);
        const reason = becomes === 'kept' ? plan.reason : '';
        terminal.out([i + 1, becomes, quoted(key), size, width, height, tier, quoted(reason)].join(','));
      }
    }
    return;
  }
  for (const plan of plans) {
    const { tier, pictures } = plan.group;
    terminal.out(
      styled(terminal, 'bold', plan.keeper ? `${tier}, keep ${plan.keeper} (${plan.reason})` : tier),
    );
    for (const { key, size } of pictures) {
      terminal.out(`  ${becomesOf(plan, key).padEnd(9)} ${fileSize(size).padStart(8)}  ${key}`);
    }
  }
  if (plans.length === 0) {
    terminal.err('There are no duplicates.');
    return;
  }
  const summary = `${count(plans.length, 'group')}, ${count(gone.length, 'picture')} to spare, ${fileSize(bytes)}`;
  if (!deleted) {
    terminal.err(`${summary}. Nothing was deleted; --trash does.`);
    return;
  }
  const kept =
    deleted.final > 0 ? `${deleted.final} of them for good` : 'they can be had back from the trash';
  terminal.err(`${summary}. Deleted ${deleted.deleted}: ${kept}.`);
}

const becomesOf = ({ keeper, gone }: Plan, key: string): 'kept' | 'spare' | 'protected' | 'alike' => {
  if (keeper === undefined) return 'alike';
  if (key === keeper) return 'kept';
  return gone.some((each) => each.key === key) ? 'spare' : 'protected';
};

/** A field of a CSV file; a spreadsheet must not take a key for a formula. */
const quoted = (text: string): string =>
  `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
