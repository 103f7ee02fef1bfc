/** What narrows a search: the least score, the folder, dates, pixels and bytes, and metadata where pictures have any. */

import { useState } from 'preact/hooks';
import type { MetadataNames, SearchAnswer } from '../../../client/index.ts';
import { useConnection } from '../../api/connection.tsx';
import { useRequest } from '../../api/use-request.ts';
import { Button } from '../../parts/button.tsx';
import { CheckField, DateField, ScoreField, SelectField, TextField } from '../../parts/field.tsx';
import { bytes, count } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { type Arrival, navigate } from '../../route/navigation.ts';
import { type Days, isNarrowed, type SearchRoute } from '../../route/route.ts';
import { useFolderNames } from '../library/use-folders.ts';
import { Histogram, passing } from './histogram.tsx';

const isFiltered = (route: SearchRoute): boolean => route.minScore > 0 || isNarrowed(route);

/** Pixels of a side that people ask for: a screen, a print, a large print. */
const SIDES = [1_000, 2_000, 4_000] as const;
/** Bytes of a file: what was made small for the web, a photo, a RAW file. */
const SIZES = [100_000, 1_000_000, 10_000_000] as const;

const pixels = (each: number) => `${count(each)} pixels`;

/** Least and most of what has a size, each with its place in the address. */
const BOUNDS = [
  { label: 'Width', of: 'Width', choices: SIDES, text: pixels },
  { label: 'Height', of: 'Height', choices: SIDES, text: pixels },
  { label: 'File size', of: 'Bytes', choices: SIZES, text: bytes },
].flatMap(({ label, of, choices, text }) => [
  { label, name: `min${of}` as Bounded, choices, text: (each: number) => `${text(each)} or more` },
  {
    label: `${label} at most`,
    name: `max${of}` as Bounded,
    choices,
    text: (each: number) => `${text(each)} or less`,
  },
]);
type Bounded = 'minWidth' | 'minHeight' | 'minBytes' | 'maxWidth' | 'maxHeight' | 'maxBytes';

export function Filters({ route, answer }: { route: SearchRoute; answer: SearchAnswer | undefined }) {
  const { client } = useConnection();
  const narrow = useMedia('(max-width: 900px)');
  const [typed, setTyped] = useState('');
  const folders = useFolderNames(typed);
  const { value: metadata } = useRequest('metadata', (signal) => client.metadata({ signal }));
  const change = (part: Partial<SearchRoute>, arrival: Arrival = 'in-place') =>
    navigate({ ...route, ...part }, arrival);
  const shown = answer?.results.filter(({ score }) => score >= route.minScore).length ?? 0;
  return (
    // Always open beside the results; a phone has no room beside them.
    <details class="filters" open={!narrow || isFiltered(route)}>
      <summary>
        <Icon name="sliders" size={18} /> Filters
      </summary>
      <div class="filters-body">
        <div class="filters-score">
          <ScoreField
            label="Least score"
            value={route.minScore}
            onInput={(minScore) => change({ minScore }, 'sliding')}
          >
            {answer?.histogram && <Histogram histogram={answer.histogram} minScore={route.minScore} />}
          </ScoreField>
          {answer?.histogram && (
            <p class="small quiet figures">{passing(answer.histogram, route.minScore, shown)}</p>
          )}
        </div>
        <TextField
          label="Folder"
          placeholder="Anywhere"
          value={route.prefix}
          suggestions={folders}
          onInput={setTyped}
          onCommit={(prefix) => change({ prefix })}
        />
        <Between label="Taken" days={route.taken} onChange={(taken) => change({ taken })} />
        <Between label="Changed" days={route.changed} onChange={(changed) => change({ changed })} />
        <div class="filters-dates">
          {BOUNDS.map(({ label, name, choices, text }) => (
            <Bound
              key={name}
              label={label}
              value={route[name]}
              choices={choices}
              text={text}
              onChange={(value) => change({ [name]: value })}
            />
          ))}
        </div>
        <CheckField
          label="By what sets pictures apart"
          hint="Leaves out what all of the library has in common; scores are lower."
          value={route.centered}
          onChange={(centered) => change({ centered })}
        />
        {((metadata && metadata.names.length > 0) || Object.keys(route.metadata).length > 0) && (
          <MetadataFilter
            names={metadata?.names ?? []}
            metadata={route.metadata}
            onChange={(next) => change({ metadata: next })}
          />
        )}
      </div>
    </details>
  );
}

interface BetweenProps {
  readonly label: string;
  readonly days: Days;
  readonly onChange: (days: Days) => void;
}

const Between = ({ label, days, onChange }: BetweenProps) => (
  <div class="filters-dates">
    <DateField label={`${label} from`} value={days.from} onChange={(from) => onChange({ ...days, from })} />
    <DateField label={`${label} to`} value={days.to} onChange={(to) => onChange({ ...days, to })} />
  </div>
);

interface BoundProps {
  readonly label: string;
  readonly value: number;
  readonly choices: readonly number[];
  readonly text: (value: number) => string;
  readonly onChange: (value: number) => void;
}

/** A link may ask for another value than those to choose from. */
const Bound = ({ label, value, choices, text, onChange }: BoundProps) => (
  <SelectField
    label={label}
    value={String(value)}
    choices={[...new Set([0, ...choices, value])].map(
      (each) => [String(each), each === 0 ? 'Any' : text(each)] as const,
    )}
    onChange={(next) => onChange(Number(next))}
  />
);

interface MetadataFilterProps {
  /** The names that there are. */
  readonly names: MetadataNames['names'];
  readonly metadata: Readonly<Record<string, string>>;
  readonly onChange: (metadata: Record<string, string>) => void;
}

function MetadataFilter({ names, metadata, onChange }: MetadataFilterProps) {
  const [name, setName] = useState(names[0]?.name ?? '');
  const [value, setValue] = useState('');
  const known = names.find((each) => each.name === name) ?? names[0];
  const without = (dropped: string) =>
    onChange(Object.fromEntries(Object.entries(metadata).filter(([each]) => each !== dropped)));

  return (
    <form
      aria-label="Metadata"
      onSubmit={(event) => {
        event.preventDefault();
        if (!known || !value.trim()) return;
        onChange({ ...metadata, [known.name]: value.trim() });
        setValue('');
      }}
    >
      {known && (
        <div class="filters-metadata">
          <SelectField
            label="Metadata"
            value={known.name}
            choices={names.map((each) => [each.name, each.name] as const)}
            onChange={setName}
          />
          <TextField
            label="is"
            placeholder={known.values[0]?.value ?? ''}
            value={value}
            suggestions={known.values.map((each) => each.value)}
            onInput={setValue}
          />
          <Button type="submit" icon="plus" aria-label="Add this metadata filter" />
        </div>
      )}
      {Object.keys(metadata).length > 0 && (
        <div class="chips">
          {Object.entries(metadata).map(([each, wanted]) => (
            <button
              key={each}
              type="button"
              class="chip"
              aria-label={`${each}: ${wanted}, remove this filter`}
              onClick={() => without(each)}
            >
              {each}: {wanted} <Icon name="close" size={14} />
            </button>
          ))}
        </div>
      )}
    </form>
  );
}
