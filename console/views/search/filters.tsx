/** What narrows a search: the least score, the folder, the metadata, and how many results. */

import { useState } from 'preact/hooks';
import type { Result } from '../../../client/index.ts';
import { Button } from '../../parts/button.tsx';
import { ChoiceField, ScoreField, TextField } from '../../parts/field.tsx';
import { folderOf } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { type Arrival, navigate } from '../../route/navigation.ts';
import type { SearchRoute } from '../../route/route.ts';

const isFiltered = ({ minScore, prefix, metadata }: SearchRoute): boolean =>
  minScore > 0 || prefix !== '' || Object.keys(metadata).length > 0;

const COUNTS = [12, 24, 48, 96, 192];

export function Filters({ route, results }: { route: SearchRoute; results: readonly Result[] }) {
  const narrow = useMedia('(max-width: 900px)');
  const change = (part: Partial<SearchRoute>, arrival: Arrival = 'in-place') =>
    navigate({ ...route, ...part }, arrival);
  return (
    // Always open beside the results; a phone has no room beside them.
    <details class="filters" open={!narrow || isFiltered(route)}>
      <summary>
        <Icon name="sliders" size={18} /> Filters
      </summary>
      <div class="filters-body">
        <ScoreField
          label="Least score"
          value={route.minScore}
          onInput={(minScore) => change({ minScore }, 'sliding')}
        />
        <div class="filters-row">
          <ChoiceField label="Results" value={route.k} choices={COUNTS} onChange={(k) => change({ k })} />
          <TextField
            label="Folder"
            placeholder="Anywhere"
            value={route.prefix}
            suggestions={unique(results.map(({ key }) => folderOf(key)))}
            onCommit={(prefix) => change({ prefix })}
          />
        </div>
        <MetadataFilter
          metadata={route.metadata}
          results={results}
          onChange={(metadata) => change({ metadata })}
        />
      </div>
    </details>
  );
}

interface MetadataFilterProps {
  readonly metadata: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
  readonly onChange: (metadata: Record<string, string>) => void;
}

function MetadataFilter({ metadata, results, onChange }: MetadataFilterProps) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const seen = results.flatMap((result) => Object.entries(result.metadata));
  const without = (dropped: string) =>
    onChange(Object.fromEntries(Object.entries(metadata).filter(([each]) => each !== dropped)));

  return (
    <form
      aria-label="Metadata"
      onSubmit={(event) => {
        event.preventDefault();
        if (!name.trim() || !value.trim()) return;
        onChange({ ...metadata, [name.trim().toLowerCase()]: value.trim() });
        setName('');
        setValue('');
      }}
    >
      <div class="filters-metadata">
        <TextField
          label="Metadata"
          placeholder="album"
          value={name}
          suggestions={unique(seen.map(([each]) => each))}
          onInput={setName}
        />
        <TextField
          label="is"
          placeholder="holiday"
          value={value}
          suggestions={unique(seen.filter(([each]) => each === name).map(([, each]) => each))}
          onInput={setValue}
        />
        <Button type="submit" icon="plus" aria-label="Add this metadata filter" />
      </div>
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

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].filter(Boolean).sort();
