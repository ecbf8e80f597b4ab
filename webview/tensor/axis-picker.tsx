/** Which axes of a tensor run down and across, and where the others stand. */
import type { JSX } from 'preact';
import type { PictureView } from '../../src/core/weights/picture.js';
import { NumberField } from '../controls/number-field.js';
import { Select, type Choice } from '../controls/select.js';
import { formatCount } from '../format/numbers.js';

interface AxisPickerProps {
  readonly dims: readonly number[];
  readonly picture: PictureView;
  readonly onPicture: (picture: PictureView) => void;
}

const KERNELS = 'kernels';
const AXES = 'axes';

export function AxisPicker({ dims, picture, onPicture }: AxisPickerProps): JSX.Element | null {
  if (dims.length < 2) return null;
  const indices = picture.kind === 'kernels' ? picture.indices : picture.view.indices;
  const free = dims
    .map((_, axis) => axis)
    .filter((axis) =>
      picture.kind === 'kernels'
        ? axis >= 2 && axis < dims.length - 2
        : axis !== picture.view.rowAxis && axis !== picture.view.columnAxis,
    );
  const hold = (axis: number, index: number): void => {
    const next = indices.map((held, each) => (each === axis ? index : held));
    onPicture(
      picture.kind === 'kernels'
        ? { ...picture, indices: next }
        : { ...picture, view: { ...picture.view, indices: next } },
    );
  };
  return (
    <>
      {dims.length >= 4 && (
        <Select
          label="Show"
          value={picture.kind === 'kernels' ? KERNELS : AXES}
          choices={[
            { value: KERNELS, label: 'all kernels side by side' },
            { value: AXES, label: 'two axes' },
          ]}
          onChange={(kind) =>
            onPicture(
              kind === KERNELS
                ? { kind: 'kernels', indices }
                : { kind: 'matrix', view: { rowAxis: 0, columnAxis: 1, indices } },
            )
          }
        />
      )}
      {picture.kind === 'matrix' && <TwoAxes dims={dims} picture={picture} onPicture={onPicture} />}
      {free.map((axis) => (
        <NumberField
          key={axis}
          label={`Axis ${axis} at`}
          value={indices[axis] ?? 0}
          minimum={0}
          maximum={(dims[axis] ?? 1) - 1}
          onChange={(index) => hold(axis, index)}
        />
      ))}
    </>
  );
}

interface TwoAxesProps extends AxisPickerProps {
  readonly picture: Extract<PictureView, { kind: 'matrix' }>;
}

function TwoAxes({ dims, picture, onPicture }: TwoAxesProps): JSX.Element {
  const { view } = picture;
  const choices = dims.map((size, axis): Choice => ({
    value: String(axis),
    label: `axis ${axis} (${formatCount(size)})`,
  }));
  // An axis cannot run both ways: choosing it for one turns the picture.
  const choose = (which: 'rowAxis' | 'columnAxis', axis: number): void => {
    const other = which === 'rowAxis' ? 'columnAxis' : 'rowAxis';
    const turned = view[other] === axis ? { [other]: view[which] } : {};
    onPicture({ ...picture, view: { ...view, ...turned, [which]: axis } });
  };
  return (
    <>
      <Select
        label="Down"
        value={String(view.rowAxis)}
        choices={choices}
        onChange={(axis) => choose('rowAxis', Number(axis))}
      />
      <Select
        label="Across"
        value={String(view.columnAxis)}
        choices={choices}
        onChange={(axis) => choose('columnAxis', Number(axis))}
      />
    </>
  );
}
