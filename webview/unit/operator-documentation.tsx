/** What the operator of a node is, in one sentence and in all its parts, beside the node's own values. */
import type { JSX } from 'preact';
import type {
  ExplainedAttribute,
  ExplainedValue,
  NodeExplanation,
} from '../../src/core/graph/operators/explain-node.js';
import { Badge, Spinner } from '../controls/fields.js';
import { Disclosure } from '../controls/disclosure.js';
import { operatorName } from '../format/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';

interface OperatorDocumentationProps {
  /** Id of the node. */
  readonly id: string;
  readonly domain: string;
  readonly operator: string;
}

export function OperatorDocumentation({ id, domain, operator }: OperatorDocumentationProps): JSX.Element {
  return (
    <Disclosure
      name="operator"
      title={`About ${operatorName(domain, operator)}`}
      hint="what it computes, its inputs and defaults"
    >
      {() => <Documentation id={id} />}
    </Disclosure>
  );
}

function Documentation({ id }: { id: string }): JSX.Element {
  const { value, loading, error, retry } = useResource(
    (signal) => host.documentation({ id }, signal),
    [openedModel.value, id],
  );
  return (
    <div class="operator">
      {error && <ProblemBox problem={error} action="Try again" onAction={retry} />}
      {loading && <Spinner label="Reading about the operator" />}
      {value && <Explanation explanation={value} />}
    </div>
  );
}

function Explanation({ explanation }: { explanation: NodeExplanation }): JSX.Element {
  const { sentence, remark, deprecated, attributes, inputs, outputs, later } = explanation;
  const changed = later.filter(({ changes }) => changes.length > 0);
  return (
    <>
      {sentence && <p>{sentence}</p>}
      <p class="note">
        {versionText(explanation)}
        {deprecated && <Badge tone="warning">deprecated</Badge>}
      </p>
      {remark && <p class="note">{remark}</p>}
      <Values title="Inputs" values={inputs} />
      <Values title="Outputs" values={outputs} />
      <Attributes attributes={attributes} />
      {changed.length > 0 && (
        <section>
          <h4>Later versions</h4>
          <dl class="facts">
            {changed.map(({ version, changes }) => (
              <>
                <dt key={version}>{version}</dt>
                <dd>{changes.map(({ text }) => text).join('; ')}</dd>
              </>
            ))}
          </dl>
        </section>
      )}
    </>
  );
}

function versionText({ domain, opset, since, source }: NodeExplanation): string {
  const uses = opset === undefined ? domain : `${domain}, version ${opset} in this model`;
  return source === 'operator' && since !== undefined
    ? `${uses}; the operator is as since version ${since}.`
    : `${uses}.`;
}

/** Role, what the node gives for it, and the types that may stand there. */
function Values({ title, values }: { title: string; values: readonly ExplainedValue[] }): JSX.Element | null {
  if (values.length === 0) return null;
  return (
    <section>
      <h4>{title}</h4>
      <ul class="operator-parts">
        {values.map(({ role, kind, value, types, typeVariable }, index) => (
          <li key={index}>
            <span class="operator-part">{role ?? `${index + 1}`}</span>
            <span class={value === undefined ? 'muted' : 'operator-value'}>{value ?? 'left out'}</span>
            <span class="operator-about">
              {kind !== undefined && kind !== 'required' && `${kind}, `}
              {types.length === 0 ? 'any type' : typesText(types, typeVariable)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "T: float16, float32, float64". */
function typesText(types: readonly string[], typeVariable: string | undefined): string {
  return typeVariable === undefined ? types.join(', ') : `${typeVariable}: ${types.join(', ')}`;
}

function Attributes({ attributes }: { attributes: readonly ExplainedAttribute[] }): JSX.Element | null {
  if (attributes.length === 0) return null;
  return (
    <section>
      <h4>Attributes</h4>
      <ul class="operator-parts">
        {attributes.map((attribute) => (
          <li key={attribute.name}>
            <span class="operator-part">{attribute.name}</span>
            <span class={attribute.value === undefined ? 'muted' : 'operator-value'}>{givenText(attribute)}</span>
            <span class="operator-about">{aboutText(attribute)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function givenText({ value, default: words, required }: ExplainedAttribute): string {
  if (value !== undefined) return value;
  return words ?? (required ? 'missing' : 'left out');
}

function aboutText({ value, default: words, required, type }: ExplainedAttribute): string {
  const rest = value === undefined ? (words === undefined ? undefined : 'the default') : words && `default: ${words}`;
  return [required ? 'required' : rest, type].filter((part) => part !== undefined).join(', ');
}
