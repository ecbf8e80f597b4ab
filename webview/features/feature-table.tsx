/** All features, one row each: sorted, filtered, copied, saved. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { featuresAsText, type FeatureRow } from '../../src/core/features/feature-rows.js';
import type { FeatureOverview, PlaceWords } from '../../src/protocol/features.js';
import { Table, type Column } from '../controls/table.js';
import { csvFile, TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { listWork } from '../state/feature-lists.js';
import { useExportable } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';
import { visible } from '../format/words.js';
import { ExportMenu } from './export-menu.js';
import { fewOf, FewMark } from './few-places.js';
import { ImportForm } from './import-form.js';
import { ListNotice } from './list-notice.js';

interface FeatureTableProps {
  readonly rows: readonly FeatureRow[];
  readonly overview: FeatureOverview;
  readonly selected: number | undefined;
}

export function FeatureTable({ rows, overview, selected }: FeatureTableProps): JSX.Element {
  const words = overview.placeWords;
  const isText = overview.topTokens !== undefined;
  // Of all features, shown or not.
  const total = overview.columns.density.length;
  const few = fewOf(overview);
  // A CSV has no room for a note, so its name says it.
  const title = `${openedModel.value?.overview.fileName ?? 'model'}-features${few === undefined ? '' : ` ${few.short}`}`;
  const text = (): TextTable => featuresAsText(rows, words);
  const busy = listWork.value.running !== undefined;
  const columns = useMemo(() => columnsOf(words, isText), [words, isText]);
  const touched = useExportable(csvFile(title, text));
  return (
    <section class="feature-table" onPointerDown={touched} onFocusCapture={touched}>
      <div class="frame-head">
        <span class="muted" role="status">
          {rows.length < total
            ? `${formatCount(rows.length)} of ${formatCount(total)} features`
            : `${formatCount(total)} features`}
        </span>
        <FewMark overview={overview} />
        <span class="spacer-flex" />
        <ImportForm disabled={busy} />
        <ExportMenu
          features={() => rows.map(({ feature }) => feature)}
          count={rows.length}
          total={total}
          disabled={busy}
        />
        <TableTools title={title} table={text} />
      </div>
      <ListNotice />
      <Table
        name="features"
        label="Features"
        columns={columns}
        rows={rows}
        rowKey={({ feature }) => String(feature)}
        selected={({ feature }) => feature === selected}
        onSelect={({ feature }) => (ui.feature.value = feature)}
      />
    </section>
  );
}

const columnsOf = ({ one, many }: PlaceWords, isText: boolean): readonly Column<FeatureRow>[] => [
  {
    id: 'feature',
    label: 'Feature',
    numeric: true,
    sortBy: ({ feature }) => feature,
    cell: ({ feature }) => feature,
  },
  {
    id: 'name',
    label: 'Name',
    help: <Help about="Name">Yours: written on the feature’s page, kept in a file beside the dictionary.</Help>,
    sortBy: ({ name }) => name,
    cell: ({ name }) => <span title={name}>{name}</span>,
  },
  {
    id: 'token',
    label: 'Strongest on',
    help: (
      <Help about="Strongest on">
        The {one} at which it is largest.
        {one === 'place' && (isText ? ' Heads are counted from 0.' : ' Rows and columns are counted from 0.')}
      </Help>
    ),
    sortBy: ({ topToken }) => topToken,
    cell: ({ topToken, topHead }) =>
      isText ? (
        <>
          <span class="feature-token" title={visible(topToken)}>
            {visible(topToken)}
          </span>
          {topHead !== undefined && <span class="muted"> head {topHead}</span>}
        </>
      ) : (
        <span title={topToken}>{topToken}</span>
      ),
  },
  {
    id: 'density',
    label: 'Density',
    numeric: true,
    help: <Help about="Density">Share of {many} at which the feature is above 0 (f &gt; 0, strictly).</Help>,
    sortBy: ({ density }) => density,
    cell: ({ density }) => (density > 0 ? formatShare(density) : <span class="muted">dead</span>),
  },
  {
    id: 'mean',
    label: 'Mean',
    numeric: true,
    help: <Help about="Mean">Mean activation over the {many} at which it is above 0.</Help>,
    sortBy: ({ mean }) => mean,
    cell: ({ mean }) => formatNumber(mean),
  },
  {
    id: 'maximum',
    label: 'Largest',
    numeric: true,
    help: <Help about="Largest">Largest activation over all {many}.</Help>,
    sortBy: ({ maximum }) => maximum,
    cell: ({ maximum }) => formatNumber(maximum),
  },
  {
    id: 'share',
    label: 'Of L0',
    numeric: true,
    help: (
      <Help about="Share of L0">Of all non-zero activations of all features, the share that is this feature’s.</Help>
    ),
    sortBy: ({ share }) => share,
    cell: ({ share }) => formatShare(share),
  },
  {
    id: 'norm',
    label: 'Norm',
    numeric: true,
    help: <Help about="Decoder norm">Length of the feature’s row of the decoder, as the file has it.</Help>,
    sortBy: ({ decoderNorm }) => decoderNorm,
    cell: ({ decoderNorm }) => formatNumber(decoderNorm),
  },
];
