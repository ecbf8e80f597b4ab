/** A list of features as a table: a column “feature” or “index”; “name”, “label” or “description”, and “note”. */
import { breather } from '../../breathe.js';
import { csvRows } from '../../csv.js';
import { displayText } from '../../display-text.js';
import { passedOver } from './json-record.js';
import {
  featureNumber,
  labelOf,
  layerOfSource,
  sourceText,
  unreadable,
  type ListedFeature,
  type ReadList,
} from './listed.js';

/** A header of more columns is none. */
const MOST_COLUMNS = 200;

/** @throws ProblemError `invalid-recipe` where no column holds numbers of features; CancelledError. */
export async function readCsv(text: string, name: string, signal?: AbortSignal): Promise<ReadList> {
  const rows = csvRows(text);
  const header = (rows.next().value ?? []) as readonly string[];
  if (header.length > MOST_COLUMNS) throw unreadable(`its first line has ${header.length} columns.`, name);
  const titles = header.map((title) => title.trim().toLowerCase());
  const column = (...names: readonly string[]): number =>
    names.map((each) => titles.indexOf(each)).find((at) => at >= 0) ?? -1;
  const at = {
    feature: column('feature', 'index', 'feature_index', 'latent'),
    name: column('name', 'label', 'description'),
    note: column('note', 'notes'),
    layer: column('layer', 'source'),
    model: column('modelid', 'model'),
  };
  if (at.feature < 0) {
    const first = displayText(header.join(', '), 80);
    throw unreadable(`its first line, “${first}”, names no column “feature” or “index”.`, name);
  }
  const pause = breather(signal);
  const features: ListedFeature[] = [];
  let passed = 0;
  for (const row of rows) {
    if (row.length === 1 && row[0] === '') continue;
    const feature = featureNumber(row[at.feature]?.trim());
    if (feature === undefined) {
      passed++;
      continue;
    }
    const [source, model] = [sourceText(row[at.layer]), sourceText(row[at.model])];
    const layer = source === undefined ? undefined : layerOfSource(source);
    features.push({
      feature,
      ...(model === undefined ? {} : { model }),
      ...(source === undefined ? {} : { source }),
      ...(layer === undefined ? {} : { layer }),
      label: labelOf(row[at.name], row[at.note]),
    });
    await pause();
  }
  return { format: 'a table of features', features, notes: passedOver(passed) };
}
