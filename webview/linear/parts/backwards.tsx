/** A pattern over the output, sent backwards: Aᵀ times it. */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { Spinner } from '../../controls/fields.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { host } from '../../state/channel.js';
import { drawingFor, setDrawing } from '../drawing.js';
import { firstOutputs } from '../ends.js';
import { ChannelPicker } from '../map/channel-picker.js';
import { PatternView } from '../map/pattern-view.js';
import { systemFoot, type System } from '../system.js';
import { useNewest } from '../use-newest.js';
import { DrawPad } from './draw-pad.js';
import { difference, OutputWeights } from './output-weights.js';
import { PatternFile } from './pattern-file.js';

const UNIT = {
  label: 'Weight',
  definition: 'How much the pattern over the output gains when this number of the input rises by 1.',
};

export function Backwards({ system }: { system: System }): JSX.Element {
  const { description, request } = system;
  const { from, to } = description;
  const { layout } = to;
  const first = useMemo(
    () =>
      layout.kind === 'image' ? new Float32Array(to.values.length) : difference(description, firstOutputs(description)),
    [description],
  );
  const values = drawingFor(to) ?? first;
  const followed = useNewest(
    (output: Float32Array, signal) => host.linearRow({ system: request, output }, signal),
    [system],
  );
  const isEmpty = useMemo(() => values.every((value) => value === 0), [values]);
  useEffect(() => {
    if (!isEmpty) followed.want(values);
  }, [system, values]);
  const set = (next: Float32Array): void => setDrawing(to, next);
  const shown = isEmpty ? undefined : followed.answer;
  return (
    <>
      <div class="part-tools">
        <ChannelPicker end="from" layout={from.layout} label="Input drawn as" />
        <ChannelPicker end="to" layout={layout} label="Output drawn as" />
        {layout.kind === 'image' && <PatternFile layout={layout} onLoad={set} />}
      </div>
      <section class="pair" aria-label="Backwards">
        {layout.kind === 'image' ? (
          <DrawPad
            title="Pattern over the output"
            layout={layout}
            values={values}
            foot={systemFoot(system)}
            onDraw={set}
          />
        ) : (
          <OutputWeights description={description} values={values} onChange={set} />
        )}
        <div class="pair-answer">
          {followed.error && <ProblemBox problem={followed.error} />}
          {isEmpty && (
            <p class="note">
              {layout.kind === 'image'
                ? 'Nothing is drawn yet: draw on the left, or load a file.'
                : 'Every weight is 0: add an output.'}
            </p>
          )}
          {!isEmpty && followed.busy && shown === undefined && <Spinner label="Playing it backwards" />}
          {shown && (
            <PatternView
              title="Sent back to the input"
              definition="Aᵀ times the pattern: the input, up to its size, that would move the output most along the pattern."
              end="from"
              layout={from.layout}
              values={shown.answer.values}
              unit={UNIT}
              foot={systemFoot(system)}
            />
          )}
        </div>
      </section>
    </>
  );
}
