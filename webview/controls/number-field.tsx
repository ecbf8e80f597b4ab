import type { JSX } from 'preact';

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly onChange: (value: number) => void;
}

/** A whole number within bounds: typed, or moved with the arrow keys. */
export function NumberField({ label, value, minimum, maximum, onChange }: NumberFieldProps): JSX.Element {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <input
        class="number-field"
        type="number"
        min={minimum}
        max={maximum}
        step={1}
        value={value}
        title={`${minimum} to ${maximum}`}
        onInput={(event) => {
          const next = event.currentTarget.valueAsNumber;
          if (Number.isInteger(next) && next >= minimum && next <= maximum && next !== value) onChange(next);
        }}
      />
    </label>
  );
}
