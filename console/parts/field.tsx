/** Form fields with their labels. */

import './field.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useId } from './use-id.ts';

interface LabelledProps {
  /** Of the control in it. */
  readonly id: string;
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A control under its label. */
function Labelled({ id, label, children }: LabelledProps) {
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {children}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly type?: 'text' | 'url' | 'password' | 'search';
  /** Offered while someone types. */
  readonly suggestions?: readonly string[];
  /** With each letter. */
  readonly onInput?: (value: string) => void;
  /** When the field is left, or on Enter. */
  readonly onCommit?: (value: string) => void;
}

export function TextField({
  label,
  value,
  hint,
  placeholder,
  type = 'text',
  suggestions = [],
  onInput,
  onCommit,
}: TextFieldProps) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <Labelled id={id} label={label}>
      <input
        id={id}
        type={type}
        value={text}
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        list={suggestions.length > 0 ? `${id}-list` : undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onInput?.(currentTarget.value);
        }}
        onChange={({ currentTarget }) => onCommit?.(currentTarget.value.trim())}
      />
      {suggestions.length > 0 && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      {hint && (
        <span id={`${id}-hint`} class="field-hint">
          {hint}
        </span>
      )}
    </Labelled>
  );
}

interface ScoreFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly onInput: (value: number) => void;
  /** Between the label and the slider. */
  readonly children?: ComponentChildren;
}

/** A slider for a score between `min` and 1. */
export function ScoreField({ label, value, min = 0, onInput, children }: ScoreFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <span class="field-label">
        <label for={id}>{label}</label>
        <output for={id}>{value.toFixed(2)}</output>
      </span>
      {children}
      <input
        id={id}
        type="range"
        min={min}
        max={1}
        step={0.01}
        value={value}
        onInput={({ currentTarget }) => onInput(Number(currentTarget.value))}
      />
    </div>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  /** Values and what they are called. */
  readonly choices: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

export function SelectField({ label, value, choices, onChange }: SelectFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label}>
      <select id={id} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {choices.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

interface DateFieldProps {
  readonly label: string;
  /** `2024-07-01`, or '' for none. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function DateField({ label, value, onChange }: DateFieldProps) {
  const id = useId();
  return (
    <Labelled id={id} label={label}>
      <input
        id={id}
        type="date"
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Labelled>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

export function CheckField({ label, hint, value, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-check">
        <input
          type="checkbox"
          checked={value}
          aria-describedby={`${id}-hint`}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
        {label}
      </label>
      <span id={`${id}-hint`} class="field-hint">
        {hint}
      </span>
    </div>
  );
}
