/** What is going on with lists: one that was read and waits for a decision, one that was written, one that went wrong. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { joinLabels } from '../../src/core/features/lists/join-labels.js';
import type { FeatureListAnswer, FeatureListGroup } from '../../src/protocol/feature-lists.js';
import { Button, IconButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Select } from '../controls/select.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { featureLabels } from '../state/feature-labels.js';
import { letGo, listWork, takeNames } from '../state/feature-lists.js';
import { ui } from '../state/interface-state.js';

export function ListNotice(): JSX.Element | null {
  const { running, problem, list, exported } = listWork.value;
  if (running !== undefined) return <Spinner label={running} />;
  if (problem !== undefined) return <ProblemBox problem={problem} action="Close" onAction={letGo} />;
  if (exported !== undefined) {
    return (
      <div class="list-notice" role="status">
        <div class="list-notice-head">
          <span>
            {exported.sentences.join(' ')} <code>{exported.path}</code>
          </span>
          <IconButton icon="close" label="Close" onClick={letGo} />
        </div>
      </div>
    );
  }
  return list === undefined ? null : <ListChoice key={list.name} list={list} />;
}

/** Names that are told one by one. */
const DIFFERING_SHOWN = 5;

function ListChoice({ list }: { list: FeatureListAnswer }): JSX.Element {
  const { groups, group: own, format, name, notes } = list;
  const [chosen, setChosen] = useState(own ?? groups.findIndex(({ reason }) => reason === undefined));
  const group = groups[chosen];
  const labels = featureLabels.value;
  const { added, differing } = useMemo(() => joinLabels(labels, group?.features ?? [], 'own'), [labels, group]);
  const show = (named: 'keep-own' | 'take-listed' | undefined): void => {
    if (group === undefined) return;
    const features = group.features.map(({ feature }) => feature);
    ui.featureFilter.value = { text: '', firing: 'all', list: { name, features } };
    if (named === undefined) letGo();
    else void takeNames({ labels: group.features, named });
  };
  const count = group?.features.length ?? 0;
  return (
    <section class="list-notice" aria-label="The list that was read">
      <div class="list-notice-head">
        <span>
          <strong>{name}</strong>: {format}
          {own !== undefined && `, ${features(count)}${group?.from === undefined ? '' : ` of ${group.from}`}`}.
        </span>
        <IconButton icon="close" label="Leave the list" onClick={letGo} />
      </div>
      {own === undefined && (
        <>
          <p>It is of several dictionaries, and nothing says which of them this one is.</p>
          <Select
            label="Take those of"
            value={String(chosen)}
            choices={groups.flatMap(({ reason, ...each }, at) =>
              reason === undefined ? [{ value: String(at), label: groupLabel(each) }] : [],
            )}
            onChange={(value) => setChosen(Number(value))}
          />
        </>
      )}
      {[...notes, ...othersLeft(list)].map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {group?.from !== undefined && (
        <p class="note">
          The list is of {group.from}: its names are about your features only if that is the dictionary you attached.
        </p>
      )}
      {added > 0 && <p>It names {features(added)} that you have not named.</p>}
      {differing.length > 0 && (
        <>
          <p>
            {differing.length === 1 ? 'One feature has' : `${formatCount(differing.length)} features have`} another name
            or note from you:
          </p>
          <ul class="list-differing">
            {differing.slice(0, DIFFERING_SHOWN).map(({ feature, own: yours, listed }) => (
              <li key={feature}>
                {feature}: yours “{yours.name || yours.note}”, the list’s “{listed.name || listed.note}”
              </li>
            ))}
            {differing.length > DIFFERING_SHOWN && <li class="muted">and more</li>}
          </ul>
        </>
      )}
      <div class="button-row">
        {added + differing.length > 0 ? (
          <>
            <Button primary onClick={() => show('keep-own')}>
              {differing.length > 0 ? 'Show and add names, keep mine' : 'Show and add names'}
            </Button>
            {differing.length > 0 && <Button onClick={() => show('take-listed')}>Replace mine</Button>}
            <Button onClick={() => show(undefined)}>Show without names</Button>
          </>
        ) : (
          <Button primary onClick={() => show(undefined)}>
            Show these features
          </Button>
        )}
      </div>
    </section>
  );
}

function features(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'feature' : 'features'}`;
}

function groupLabel({ from, features: listed }: Omit<FeatureListGroup, 'reason'>): string {
  return `${from ?? 'no source'}: ${features(listed.length)}`;
}

/** Why other parts of the list are not taken. */
function othersLeft({ groups, group: own }: FeatureListAnswer): readonly string[] {
  const left = groups.filter((_, at) => at !== own);
  if (own !== undefined && left.length > 0) {
    const names = left.reduce((sum, { features: listed }) => sum + listed.length, 0);
    return [`${features(names)} of other layers or dictionaries in it are left out.`];
  }
  return left.flatMap(({ from, reason }) => (reason === undefined ? [] : [`${from ?? 'One part'}: ${reason}`]));
}
