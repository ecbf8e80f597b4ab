/** What is chosen in the picture of a circuit and can be pinned or grouped, what is pinned, and the groups. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Button, TextButton } from '../controls/button.js';
import { Checkbox } from '../controls/fields.js';
import { TextField } from '../controls/text-field.js';
import { FEWEST_IN_GROUP, groupNodes, pinNodes, ungroupNodes, unpinNodes, type Arrangement } from './arrangement.js';

interface ArrangePartProps {
  readonly arrangement: Arrangement;
  readonly marked: ReadonlySet<number>;
  readonly influence: Float64Array;
  readonly nameOf: (node: number) => string;
  readonly onArrange: (next: Arrangement) => void;
  readonly onMark: (marked: ReadonlySet<number>) => void;
  readonly onLook: (node: number, together: boolean) => void;
  /** Absent where there is nothing to undo. */
  readonly onUndo?: () => void;
}

export function ArrangePart(props: ArrangePartProps): JSX.Element | null {
  const { arrangement, marked, onArrange, onUndo } = props;
  const { pinned, groups } = arrangement;
  if (pinned.length + groups.length + marked.size === 0 && onUndo === undefined) return null;
  return (
    <section class="circuit-arrange" aria-label="Pinned and grouped nodes">
      {marked.size > 0 && <Chosen {...props} />}
      {pinned.length > 0 && (
        <div>
          <div class="frame-head">
            <h4>Pinned nodes</h4>
            <TextButton onClick={() => onArrange(unpinNodes(arrangement, new Set(pinned)))}>Unpin all</TextButton>
          </div>
          <PinnedList {...props} />
        </div>
      )}
      {groups.length > 0 && (
        <div>
          <h4>Groups</h4>
          <GroupList {...props} />
        </div>
      )}
      {onUndo && (
        <div class="button-row">
          <Button onClick={onUndo}>Undo</Button>
        </div>
      )}
    </section>
  );
}

function Chosen({ arrangement, marked, influence, onArrange, onMark }: ArrangePartProps): JSX.Element {
  const [name, setName] = useState('');
  const canGroup = marked.size >= FEWEST_IN_GROUP;
  const done = (next: Arrangement): void => {
    onArrange(next);
    onMark(new Set());
    setName('');
  };
  const group = (typed: string): void => {
    if (canGroup) done(groupNodes(arrangement, marked, typed, influence));
  };
  return (
    <div class="circuit-chosen" role="group" aria-label="Chosen nodes">
      <span role="status">
        {marked.size === 1 ? '1 node is chosen; a group takes two.' : `${marked.size} nodes are chosen.`}
      </span>
      <TextField
        label="Name of the group"
        value={name}
        placeholder="name of the group"
        onInput={setName}
        onEnter={group}
      />
      <Button primary disabled={!canGroup} onClick={() => group(name)}>
        Group
      </Button>
      <Button onClick={() => done(pinNodes(arrangement, [...marked]))}>Pin</Button>
      <TextButton onClick={() => onMark(new Set())}>Choose none</TextButton>
    </div>
  );
}

function PinnedList({ arrangement, marked, nameOf, onArrange, onMark, onLook }: ArrangePartProps): JSX.Element {
  const mark = (node: number, checked: boolean): void => {
    const next = new Set(marked);
    if (checked) next.add(node);
    else next.delete(node);
    onMark(next);
  };
  return (
    <ul class="circuit-list" aria-label="Pinned nodes">
      {arrangement.pinned.map((node) => (
        <li key={node}>
          <Checkbox checked={marked.has(node)} onChange={(checked) => mark(node, checked)}>
            <span class="visually-hidden">Choose {nameOf(node)}</span>
          </Checkbox>
          <TextButton onClick={() => onLook(node, false)}>{nameOf(node)}</TextButton>
          <TextButton
            title={`Unpin ${nameOf(node)}`}
            onClick={() => onArrange(unpinNodes(arrangement, new Set([node])))}
          >
            Unpin
          </TextButton>
        </li>
      ))}
    </ul>
  );
}

function GroupList({ arrangement, onArrange, onLook }: ArrangePartProps): JSX.Element {
  return (
    <ul class="circuit-list" aria-label="Groups">
      {arrangement.groups.map(({ name, nodes }) => {
        const first = nodes[0] as number;
        return (
          <li key={first}>
            <TextButton onClick={() => onLook(first, true)}>{name}</TextButton>
            <span class="muted">{nodes.length} nodes</span>
            <TextButton title={`Ungroup ${name}`} onClick={() => onArrange(ungroupNodes(arrangement, first))}>
              Ungroup
            </TextButton>
          </li>
        );
      })}
    </ul>
  );
}
