/** How votes and biases add up to one output. */
import type { JSX } from 'preact';
import type { SystemDescription, Vote } from '../../src/protocol/linear.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import { outputWord } from './ends.js';
import { formatTogether } from './equation.js';

interface VoteEquationProps {
  readonly vote: Vote;
  readonly description: SystemDescription;
}

export function VoteEquation({ vote, description }: VoteEquationProps): JSX.Element {
  const { voteSum, biasSum, value, voteMagnitude, biasShare } = vote;
  const [votes, biases, output] = formatTogether([voteSum, biasSum, value]);
  return (
    <div class="vote-equation">
      <p class="equation">
        votes <strong>{votes}</strong> + biases <strong>{biases}</strong> = {outputWord(description)}{' '}
        <strong>{output}</strong>
      </p>
      <p class="note vote-notes">
        <span>
          {cancelling(voteSum, voteMagnitude)}{' '}
          <Help about="Cancelling">
            Votes for and against are added up. The sizes of all single votes together, without their signs, are{' '}
            {formatNumber(voteMagnitude)}: this many times the sum that is left. A large number means that the map shows
            much that comes to nothing.
          </Help>
        </span>
        <span>
          bias share {formatShare(biasShare)}{' '}
          <Help about="Bias share">
            Sizes of the biases’ contributions, as a share of those of biases and votes together. Near 100 %, the output
            would be much the same whatever the input is.
          </Help>
        </span>
      </p>
    </div>
  );
}

function cancelling(sum: number, magnitude: number): string {
  if (magnitude === 0) return 'nothing voted';
  if (sum === 0) return 'all votes cancel';
  return `cancelling ${formatNumber(magnitude / Math.abs(sum))} ×`;
}
