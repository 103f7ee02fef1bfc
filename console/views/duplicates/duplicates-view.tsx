/** Pictures that are in the library more than once: what stays and what goes of each group, and deleting all of it at once. */

import './duplicates-view.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DuplicateGroup, DuplicatesOptions } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { type Pages, usePages } from '../../api/pages.ts';
import { useAllows } from '../../api/use-stats.tsx';
import { Compare } from '../../compare/compare.tsx';
import { useSequence } from '../../library/sequence.ts';
import { Button } from '../../parts/button.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ScoreField, SelectField } from '../../parts/field.tsx';
import { about, bytes, count, plural } from '../../parts/format.ts';
import { Menu } from '../../parts/menu.tsx';
import { toast } from '../../parts/toast.tsx';
import { TroubleNotice } from '../../parts/trouble-notice.tsx';
import { useSettled } from '../../parts/use-settled.ts';
import { navigate } from '../../route/navigation.ts';
import type { DuplicatesRoute, Tier } from '../../route/route.ts';
import { StillIndexing } from '../../shell/indexing-note.tsx';
import { useSteady } from '../../status/progress.ts';
import { DeletePictures } from '../picture/delete-pictures.tsx';
import {
  type Choices,
  type Chosen,
  choiceOf,
  chosenOf,
  freed,
  idOf,
  keeping,
  toggled,
  without,
} from './choices.ts';
import { FolderWishes, useFolderWishes } from './folder-wishes.tsx';
import { Group } from './group.tsx';

/** Below this, pictures are alike and not the same. */
const MIN_SCORE = 0.8;
/** Groups that exist as elements at first, and how many come when someone scrolls to their end. */
const STEP = 40;
const GROUPS_AT_ONCE = 20;

const TIERS: readonly (readonly [Tier, string])[] = [
  ['same', 'The same picture'],
  ['identical', 'Identical files'],
  ['likely', 'Probably the same'],
  ['alike', 'Only alike'],
];

type KeepRule = NonNullable<DuplicatesOptions['keep']>;

const RULES: readonly (readonly [KeepRule, string])[] = [
  ['best', 'Keep the best of each'],
  ['oldest', 'Keep the oldest of each'],
  ['largest', 'Keep the largest file of each'],
];

/** What was chosen in this visit, so that "back" loses none of it. */
let kept: { of: string; choices: Choices } | undefined;
let keptRule: KeepRule = 'best';

export function DuplicatesView({ route }: { route: DuplicatesRoute }) {
  const { client } = useConnection();
  const { deletes } = useAllows();
  const { tier } = route;
  const minScore = useSettled(route.minScore);
  const [rule, setRule] = useState(keptRule);
  keptRule = rule;
  const name = tier === 'alike' ? `duplicates alike ${minScore}` : `duplicates ${tier} ${rule}`;
  const [unread, setUnread] = useState(0);
  const list = usePages<DuplicateGroup>(name, async (cursor, limit, signal) => {
    const page = await client.duplicates({
      tier,
      // Groups are made around the picture that stays, so that each of them is held against it.
      keep: rule,
      ...(tier === 'alike' && { minScore }),
      ...(cursor !== undefined && { cursor }),
      // Few at a time: verifying each takes a moment, and someone waits for the first.
      limit: Math.min(limit, GROUPS_AT_ONCE),
      signal,
    });
    setUnread(page.unread ?? 0);
    return { items: page.groups, total: page.total, done: page.compared, cursor: page.cursor };
  });
  const [chosenFor, setChosenFor] = useState(
    kept?.of === name ? kept : { of: name, choices: new Map() as Choices },
  );
  const choices: Choices = chosenFor.of === name ? chosenFor.choices : new Map();
  const setChoices = (next: Choices) => setChosenFor({ of: name, choices: next });
  kept = { of: name, choices };
  const [comparing, setComparing] = useState<DuplicateGroup>();
  const [deleting, setDeleting] = useState<Chosen>();
  const [shown, setShown] = useState(STEP);
  const wishes = useFolderWishes(() => list.refresh());

  // All of them: what is freed by each decides the order, and the sum is what someone came for.
  useEffect(() => list.want(Number.POSITIVE_INFINITY), [list]);
  const groups = [...list.items].sort(
    (a, b) => freed(b, choices) - freed(a, choices) || b.pictures.length - a.pictures.length,
  );
  const order = useStableOrder(groups, list);
  const chosen = chosenOf(order, choices);
  useSequence({ items: order.flatMap(({ pictures }) => pictures) });

  const choose = (group: DuplicateGroup, choice: ReturnType<typeof choiceOf>) =>
    setChoices(new Map(choices).set(idOf(group), choice));
  const chooseAll = (choiceFor: (group: DuplicateGroup) => ReturnType<typeof choiceOf>) =>
    setChoices(new Map(order.map((group) => [idOf(group), choiceFor(group)])));
  const dismiss = async (group: DuplicateGroup) => {
    const keys = group.pictures.map(({ key }) => key);
    await client.notDuplicates(keys);
    list.replace((items) => items.filter((each) => each !== group));
    const undo = async () => {
      await client.notDuplicates(keys, { undo: true });
      list.refresh();
    };
    toast({
      text: 'These will not be shown as duplicates again.',
      action: { label: 'Undo', run: () => void undo() },
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const member = target.closest<HTMLElement>('[data-member]');
    const row = target.closest<HTMLElement>('[data-group]');
    const group = order.find((each) => idOf(each) === row?.dataset.group);
    if (event.key === 'Delete' && chosen.pictures.length > 0 && deletes) setDeleting(chosen);
    else if (!group || !member) return;
    else if (!run(event.key, group, member)) return;
    event.preventDefault();
  };
  const run = (key: string, group: DuplicateGroup, member: HTMLElement): boolean => {
    const its = member.dataset.key ?? '';
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 0, ArrowDown: 0 }[key];
    if (step !== undefined) focusNear(member, key, step);
    else if (key === ' ') choose(group, toggled(group, choiceOf(group, choices), its));
    else if (key === 'k') choose(group, keeping(group, its));
    else if (key === 'n') void dismiss(group);
    else if (key === 'c') setComparing(group);
    else return false;
    return true;
  };

  const keepButton =
    (group: DuplicateGroup) =>
    ({ key }: { readonly key: string }) => {
      const stays = choiceOf(group, choices).keeper === key;
      return (
        <Button
          size="small"
          aria-pressed={stays}
          aria-label={`${stays ? 'Stays' : 'Keep this'}: ${key}`}
          onClick={() => choose(group, keeping(group, key))}
        >
          {stays ? 'Stays' : 'Keep this'}
        </Button>
      );
    };

  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && setShown((now) => now + STEP),
      { rootMargin: '800px' },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
    // Anew after each step: one who is still at the end then is told nothing otherwise.
  }, [shown, shown < order.length]);

  return (
    <>
      <div class="view-head">
        <div>
          <h1 tabIndex={-1}>Duplicates</h1>
          <p>{SENTENCES[tier]}</p>
        </div>
        <div class="duplicates-tools">
          <SelectField
            label="Show"
            value={tier}
            choices={TIERS}
            onChange={(next) => navigate({ ...route, tier: next as Tier }, 'in-place')}
          />
          {tier === 'alike' && (
            <ScoreField
              label="How alike"
              min={MIN_SCORE}
              value={route.minScore}
              onInput={(next) => navigate({ ...route, minScore: next }, 'sliding')}
            />
          )}
          <FolderWishes wishes={wishes} />
        </div>
      </div>
      <StillIndexing />
      <Progress list={list} unread={unread} />
      {list.trouble && <TroubleNotice trouble={list.trouble} retry={() => list.refresh()} />}
      <ul class="groups" aria-label="Groups of duplicates" onKeyDown={onKeyDown}>
        {order.slice(0, shown).map((group) => (
          <li key={idOf(group)} data-group={idOf(group)}>
            <Group
              group={group}
              choice={choiceOf(group, choices)}
              onChoice={(choice) => choose(group, choice)}
              onCompare={() => setComparing(group)}
              onDismiss={() => dismiss(group)}
              onWish={wishes.add}
            />
          </li>
        ))}
      </ul>
      {shown < order.length && <div ref={end} class="groups-end" />}
      {list.complete && order.length === 0 && (
        <Empty icon="check" title="No duplicates">
          {tier === 'alike'
            ? `Nothing is alike by ${minScore.toFixed(2)} or more.`
            : 'Each picture is in the library once, as far as the pictures themselves tell.'}
        </Empty>
      )}
      {order.length > 0 && tier !== 'alike' && (
        <section class="duplicates-bar" aria-label="Chosen duplicates">
          <p class="figures">
            <strong>
              {plural(chosen.groups, 'group')}, {plural(chosen.pictures.length, 'picture')},{' '}
              {bytes(chosen.bytes)}
            </strong>
            <span class="quiet small duplicates-keys">
              Arrows move, Space ticks, K keeps, C compares, N: not duplicates
            </span>
          </p>
          <Menu label="Choose">
            {RULES.map(([each, label]) => (
              <button
                key={each}
                type="button"
                aria-pressed={each === rule}
                onClick={() => {
                  setRule(each);
                  setChoices(new Map());
                }}
              >
                {label}
              </button>
            ))}
            <button
              type="button"
              onClick={() => chooseAll((group) => ({ ...choiceOf(group, choices), going: new Set() }))}
            >
              Delete nothing
            </button>
          </Menu>
          <Button
            look="danger"
            icon="trash"
            disabled={chosen.pictures.length === 0 || !deletes}
            onClick={() => setDeleting(chosen)}
          >
            Delete {count(chosen.pictures.length)}
          </Button>
        </section>
      )}
      {comparing && (
        <Compare
          pictures={comparing.pictures.slice(0, 4)}
          onClose={() => setComparing(undefined)}
          {...(comparing.tier !== 'alike' && { actions: keepButton(comparing) })}
        />
      )}
      {deleting && (
        <DeletePictures
          pictures={deleting.pictures}
          kept={(key) => deleting.stays.get(key)}
          onCancel={() => setDeleting(undefined)}
          onDeleted={(gone) => {
            setDeleting(undefined);
            const went = new Set(gone);
            list.replace((items) => without(items, went));
          }}
        />
      )}
    </>
  );
}

const SENTENCES: Readonly<Record<Tier, string>> = {
  same: 'The same picture, but for size, crop, turn, colours or compression: compared pixel by pixel.',
  identical: 'Files that are the same to the last byte.',
  likely:
    'Probably the same picture with text or a sticker on it or in other light, or else a variant of it. Look at each: nothing is chosen.',
  alike: 'Near in the model only, to look through. Nothing is deleted from here.',
};

/** The order in which groups were sorted when the list last changed: a tick must not move its row away. */
function useStableOrder(
  sorted: readonly DuplicateGroup[],
  list: Pages<DuplicateGroup>,
): readonly DuplicateGroup[] {
  const { revision } = list;
  const order = useRef({ list, revision: -1, groups: sorted });
  if (order.current.list !== list || order.current.revision !== revision)
    order.current = { list, revision, groups: sorted };
  return order.current.groups;
}

/** Left and right within a group, up and down between groups. */
function focusNear(member: HTMLElement, key: string, step: number): void {
  const row = member.closest('[data-group]')!;
  const members = [...row.querySelectorAll<HTMLElement>('[data-member]')];
  if (step !== 0) {
    members[members.indexOf(member) + step]?.focus();
    return;
  }
  const other = key === 'ArrowDown' ? row.nextElementSibling : row.previousElementSibling;
  const next = other?.querySelector<HTMLElement>('[data-member]');
  next?.focus();
  next?.scrollIntoView({ block: 'center' });
}

/** @param unread pictures that are to be read before any is compared */
function Progress({ list, unread }: { list: Pages<DuplicateGroup>; unread: number }) {
  const { total, complete, trouble } = list;
  const done = unread > 0 && total !== undefined ? total - unread : list.progress;
  const left = useTimeLeft(done, total);
  if (complete || (trouble && total === undefined)) return null;
  return (
    <div class="duplicates-progress figures">
      <label>
        {total === undefined
          ? 'Comparing …'
          : `${unread > 0 ? 'Read' : 'Compared'} ${count(done)} of ${plural(total, 'picture')}${left === undefined ? '' : `, about ${about(left)} left`}`}
        <progress {...(total !== undefined && { value: done, max: total })} />
      </label>
    </div>
  );
}

/** Seconds that are left, by what was compared since this began; `undefined` until that says something. */
function useTimeLeft(done: number, total: number | undefined): number | undefined {
  const began = useRef({ at: Date.now(), done });
  if (done < began.current.done) began.current = { at: Date.now(), done };
  const perSecond = (1_000 * (done - began.current.done)) / Math.max(1, Date.now() - began.current.at);
  const left = total !== undefined && perSecond > 0 ? (total - done) / perSecond : undefined;
  return useSteady(total === undefined ? undefined : { done, total, left })?.left;
}
