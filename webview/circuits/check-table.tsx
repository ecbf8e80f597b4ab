/** What the graph says of a change, beside what the model gave when it was run with it. */
import type { JSX } from 'preact';
import type { CircuitCheck } from '../../src/protocol/circuits.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber } from '../format/numbers.js';

const TOGETHER =
  ' What each source of a group wrote is taken away; those that come later respond to the earlier ones besides, so that effects add up.';

interface CheckTableProps {
  readonly check: CircuitCheck;
  /** Of several sources or targets together. */
  readonly isSum: boolean;
}

export function CheckTable({ check, isSum }: CheckTableProps): JSX.Element {
  const { direct, following, total, patternsHeld, parts } = check;
  return (
    <>
      <table class="table">
        <thead>
          <tr>
            <th>Change</th>
            <th class="numeric">predicted</th>
            <th class="numeric">measured</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              Direct: all else held{' '}
              <Help about="Direct">
                Run on from the changed source with normalisations, attention patterns, gates and all other MLPs as they
                were, as the graph has them: it should be the {isSum ? 'sum of the edges' : 'edge'}.
              </Help>
            </th>
            <td class="numeric">{formatNumber(direct.predicted)}</td>
            <td class="numeric">{formatNumber(direct.measured)}</td>
          </tr>
          <tr>
            <th scope="row">
              Direct, normalisations follow{' '}
              <Help about="Direct, normalisations follow">
                Other MLPs {patternsHeld ? 'and attention patterns are' : 'are'} held; normalisations
                {patternsHeld ? '' : ' and attention'} take the change into account. The graph cannot predict this: the
                difference is what holding them leaves out.
              </Help>
            </th>
            <td class="numeric muted">–</td>
            <td class="numeric">{formatNumber(following)}</td>
          </tr>
          <tr>
            <th scope="row">
              Total: nothing held{' '}
              <Help about="Total">
                Everything behind the source follows.{isSum && TOGETHER} Predicted along all paths of the graph, as if
                the same features stayed active; features that switch, attention and normalisations make the difference.
              </Help>
            </th>
            <td class="numeric">{formatNumber(total.predicted)}</td>
            <td class="numeric">{formatNumber(total.measured)}</td>
          </tr>
        </tbody>
      </table>
      {isSum && <p class="muted">Sums over all edges between the two, each target in its own unit.</p>}
      {parts && (
        <p class="muted">
          The edge is activation {formatNumber(parts.activation)} × {formatNumber(parts.perUnit)} on this input; by
          weights alone, the same on every input, one unit adds {formatNumber(parts.inputInvariant)}.{' '}
          <Help about="By weights alone">
            The virtual weight: W_dec of the source times W_enc of the target, or W_U of an output. It leaves out
            attention and normalisations between, and ignores whether both are ever active together.
          </Help>
        </p>
      )}
    </>
  );
}
