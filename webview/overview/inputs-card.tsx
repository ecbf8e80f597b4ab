/** Where the inputs come from. */
import type { JSX } from 'preact';
import { toldLines } from '../../src/core/dataset/told-lines.js';
import type { InputsDescription } from '../../src/protocol/inspection.js';
import { Button } from '../controls/button.js';
import { Badge } from '../controls/fields.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { runCommand } from '../state/session.js';

const ORIGINS: Readonly<Record<InputsDescription['origin'], { label: string; title: string }>> = {
  file: { label: 'recipe file', title: 'Read from the recipe beside the model (<model>.inspect.json).' },
  guessed: {
    label: 'guessed',
    title:
      'Guessed from the names and shapes of the inputs and from files near the model. Choose others if this is not what the model was trained on.',
  },
  chosen: { label: 'chosen', title: 'Chosen by you.' },
};

export function InputsCard({ inputs }: { inputs: InputsDescription }): JSX.Element {
  const origin = ORIGINS[inputs.origin];
  return (
    <section class="card" aria-labelledby="inputs-title">
      <div class="card-head">
        <h2 id="inputs-title">Inputs</h2>
        <Badge title={origin.title}>{origin.label}</Badge>
        {inputs.synthetic && (
          <Badge
            tone="warning"
            title="The inputs are random numbers. What a model does on noise can differ much from what it does on real data."
          >
            SYNTHETIC
          </Badge>
        )}
        <span class="spacer-flex" />
        {inputs.size !== undefined && (
          <span class="muted">{inputs.size === 1 ? '1 example' : `${formatCount(inputs.size)} examples`}</span>
        )}
      </div>
      <ul class="input-lines">
        {toldLines(inputs.lines).map(({ text, synthetic }) => (
          <li key={text}>
            {text}
            {synthetic && !inputs.synthetic && <Badge tone="warning">random</Badge>}
          </li>
        ))}
      </ul>
      {inputs.notes.map((note) => (
        <p key={note} class="input-note">
          {note}
        </p>
      ))}
      {inputs.problem && <ProblemBox problem={inputs.problem} />}
      <Button onClick={() => void runCommand('modelInspector.chooseInputs')}>Choose Inputs…</Button>
    </section>
  );
}
