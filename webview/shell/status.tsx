/** What the numbers on the page rest on: always in sight. */
import type { JSX } from 'preact';
import { Badge } from '../controls/fields.js';
import { formatCount, formatSeconds } from '../format/numbers.js';
import { formatDate } from '../format/words.js';
import { result, resultIsStale } from '../state/session.js';

/** A tooltip of more lines leaves the screen. */
const LINES_NAMED = 20;

export function Status(): JSX.Element | null {
  const current = result.value;
  if (current === undefined) return null;
  const { inputsSeen, inputsPlanned, data, synthetic, skipped, leftOut, engine, seconds, finished, cached } = current;
  const partial = inputsSeen < inputsPlanned;
  const made = `${data}\n${engine}, ${formatSeconds(seconds)}\n${formatDate(finished)}`;
  return (
    <div class="status" aria-label="What the results rest on">
      {partial ? (
        <Badge tone="warning" title={`The run was cancelled. ${made}`}>
          rests on {formatCount(inputsSeen)} of {formatCount(inputsPlanned)} inputs (cancelled)
        </Badge>
      ) : (
        <Badge title={made} {...(inputsSeen === 1 ? { tone: 'warning' } : {})}>
          on {inputsSeen === 1 ? '1 input only' : `${formatCount(inputsSeen)} inputs`}
        </Badge>
      )}
      {synthetic && (
        <Badge tone="warning" title="Every number on this page was made from random inputs.">
          SYNTHETIC
        </Badge>
      )}
      {resultIsStale.value && (
        <Badge
          tone="warning"
          title="The inputs were changed after these results were made. Run again to see the new ones."
        >
          made with earlier inputs
        </Badge>
      )}
      {skipped.length > 0 && (
        <Badge
          tone="warning"
          title={skipped
            .slice(0, LINES_NAMED)
            .map(({ name, reason }) => `${name}: ${reason}`)
            .join('\n')}
        >
          {formatCount(skipped.length)} {skipped.length === 1 ? 'input' : 'inputs'} skipped
        </Badge>
      )}
      {leftOut.length > 0 && (
        <Badge
          tone="warning"
          title={leftOut
            .slice(0, LINES_NAMED)
            .map(({ layer, reason }) => `${layer}: ${reason}`)
            .join('\n')}
        >
          {formatCount(leftOut.length)} {leftOut.length === 1 ? 'layer' : 'layers'} left out
        </Badge>
      )}
      {cached && <Badge title={`Read from the cache. ${made}`}>from cache</Badge>}
    </div>
  );
}
