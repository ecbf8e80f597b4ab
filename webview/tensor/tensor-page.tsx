/** One tensor of weights: what it is, how it looks, what its numbers are like, and the numbers themselves. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { elementCount } from '../../src/core/tensor/tensor.js';
import { defaultPicture, type PictureView } from '../../src/core/weights/picture.js';
import type { TensorDetail } from '../../src/protocol/weights.js';
import { Button, TextButton } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { Spinner } from '../controls/fields.js';
import { LongWork } from '../controls/long-work.js';
import { formatBytes, formatCount } from '../format/numbers.js';
import { fileName, formatShape } from '../format/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { attempt } from '../state/attempt.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { revealItem } from '../state/reveal.js';
import { openedModel } from '../state/session.js';
import { Duplicates } from './duplicates.js';
import { LineNorms } from './line-norms.js';
import { Spectrum } from './spectrum.js';
import { TensorPicture } from './tensor-picture.js';
import { TensorStatisticsView } from './tensor-statistics.js';
import { TensorValues } from './tensor-values.js';

const USES_SHOWN = 6;

export function TensorPage({ index }: { index: number }): JSX.Element {
  const detail = useResource(
    (signal) => host.tensorDetail({ tensor: index }, signal),
    [openedModel.value, index],
    true,
  );
  return (
    <section class="tensor-page" aria-label="Tensor">
      {detail.error && <ProblemBox problem={detail.error} action="Try again" onAction={detail.retry} />}
      {detail.loading && detail.value === undefined && <Spinner label="Reading the tensor" />}
      {detail.value && !detail.loading && <Tensor key={index} index={index} detail={detail.value} />}
    </section>
  );
}

function Tensor({ index, detail }: { index: number; detail: TensorDetail }): JSX.Element {
  const { row } = detail;
  const [picture, setPicture] = useState<PictureView>(() => defaultPicture(row.dims));
  const readable = row.unreadable === undefined;
  return (
    <>
      <Title detail={detail} />
      {!readable && <p class="note">Its values cannot be shown. {row.unreadable}</p>}
      {readable && elementCount(row.dims) === 0 && <p class="note">It is empty: one of its axes has no entries.</p>}
      {readable && elementCount(row.dims) > 0 && (
        <>
          <Numbers index={index} detail={detail} picture={picture} onPicture={setPicture} />
          {row.dims.length > 1 && (
            <>
              <Disclosure name="tensor-norms" title="Rows and columns" hint="their sizes, and which are zero">
                {() => <LineNorms index={index} row={row} />}
              </Disclosure>
              <Disclosure name="tensor-duplicates" title="Duplicates" hint="rows that are equal, or nearly">
                {() => <Duplicates index={index} row={row} />}
              </Disclosure>
              <Disclosure name="tensor-spectrum" title="Singular values" hint="how many directions it has">
                {() => <Spectrum index={index} row={row} />}
              </Disclosure>
            </>
          )}
          <Disclosure name="tensor-values" title="Values" hint="each number as it is stored">
            {() => <TensorValues index={index} row={row} picture={picture} />}
          </Disclosure>
          <SaveButtons index={index} name={row.name} />
        </>
      )}
    </>
  );
}

interface NumbersProps {
  readonly index: number;
  readonly detail: TensorDetail;
  readonly picture: PictureView;
  readonly onPicture: (picture: PictureView) => void;
}

/** The picture, and the statistics, whose quantiles its colours are fitted to. */
function Numbers({ index, detail, picture, onPicture }: NumbersProps): JSX.Element {
  const [stopped, setStopped] = useState(false);
  useEffect(() => setStopped(false), [index]);
  const statistics = useResource(
    stopped ? undefined : (signal, onProgress) => host.tensorStatistics({ tensor: index }, signal, onProgress),
    [openedModel.value, index, stopped],
  );
  return (
    <>
      <TensorPicture
        index={index}
        row={detail.row}
        picture={picture}
        onPicture={onPicture}
        statistics={statistics.value}
      />
      {statistics.error && <ProblemBox problem={statistics.error} action="Try again" onAction={statistics.retry} />}
      {statistics.loading && (
        <LongWork
          label={`Reading ${formatBytes(detail.row.bytes)}`}
          progress={statistics.progress}
          onStop={() => setStopped(true)}
        />
      )}
      {stopped && <Button onClick={() => setStopped(false)}>Read all of it for statistics</Button>}
      {statistics.value && <TensorStatisticsView row={detail.row} statistics={statistics.value} />}
    </>
  );
}

function Title({ detail: { row, usedBy, uses } }: { detail: TensorDetail }): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? usedBy : usedBy.slice(0, USES_SHOWN);
  return (
    <header class="panel-title">
      <div>
        <h2>{row.name}</h2>
        <div class="muted">
          {formatShape(row.dims)}, {row.dtype}, {formatCount(row.elements)} numbers in {formatBytes(row.bytes)}
        </div>
        {row.file !== undefined && <div class="muted">in {row.file}</div>}
        {uses > 0 && (
          <div class="muted">
            used by{' '}
            {shown.map(({ item, label }, position) => (
              <>
                {position > 0 && ', '}
                <TextButton title="Show it in the graph" onClick={() => void revealItem(item)}>
                  {label}
                </TextButton>
              </>
            ))}
            {uses > shown.length && (
              <>
                {' '}
                and{' '}
                {all ? (
                  `${formatCount(uses - shown.length)} more`
                ) : (
                  <TextButton onClick={() => setAll(true)}>{formatCount(uses - shown.length)} more</TextButton>
                )}
              </>
            )}
          </div>
        )}
      </div>
    </header>
  );
}

function SaveButtons({ index, name }: { index: number; name: string }): JSX.Element {
  const saveAs = (format: 'npy' | 'csv'): void =>
    void attempt(host.saveTensor({ tensor: index, format, suggestedName: fileName(name, format) }));
  return (
    <div class="button-row">
      <Button icon="save" onClick={() => saveAs('npy')}>
        Save as .npy
      </Button>
      <Button icon="save" onClick={() => saveAs('csv')}>
        Save as CSV
      </Button>
    </div>
  );
}
