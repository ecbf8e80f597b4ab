/** Features on one text: which fire where, what changing them does, and the page of the one that is chosen. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FeatureOverview } from '../../src/protocol/features.js';
import type { PromptAnswer, PromptSource, Rank } from '../../src/protocol/steering.js';
import { TextButton } from '../controls/button.js';
import { Badge, Spinner } from '../controls/fields.js';
import { Icon } from '../controls/icon.js';
import { Tabs } from '../controls/tabs.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { visible } from '../format/words.js';
import { FeaturePage } from './feature-page.js';
import { PromptForm } from './prompt-form.js';
import { PromptTable } from './prompt-table.js';
import { PromptTokens } from './prompt-tokens.js';
import { AskSourceTokens, hasSourceTokens } from './source-tokens.js';
import { SteeringPart } from './steering-part.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const SHOWN = 50;
const RANKS: readonly { readonly name: Rank; readonly label: string }[] = [
  { name: 'activation', label: 'Strongest' },
  { name: 'rarity', label: 'Rarest' },
  { name: 'effect', label: 'Largest direct effect' },
];

export function PromptPart({ overview }: { overview: FeatureOverview }): JSX.Element {
  const facts = useResource((signal) => host.promptFacts({}, signal), [overview]);
  const prompt = ui.prompt.value;
  if (facts.error) return <ProblemBox problem={facts.error} action="Try again" onAction={facts.retry} />;
  if (facts.value === undefined) return <Spinner label="Looking at what the model takes" />;
  const usable = prompt?.kind === 'text' && facts.value.noText !== undefined ? undefined : prompt;
  return (
    <>
      <PromptForm facts={facts.value} prompt={usable} />
      {usable === undefined ? (
        <p class="note">Run a text to see which features fire on each of its tokens, and what changing them does.</p>
      ) : (
        <OnPrompt key={JSON.stringify(usable)} overview={overview} prompt={usable} />
      )}
    </>
  );
}

function OnPrompt({ overview, prompt }: { overview: FeatureOverview; prompt: PromptSource }): JSX.Element {
  const [token, setToken] = useState<number>();
  const rank = ui.promptRank.value;
  const asked = { prompt, rank, most: SHOWN, ...(token === undefined ? {} : { token }) };
  // With the token that it is of: another may be chosen by the time that it is shown.
  const answer = useResource(
    async (signal, onProgress) => ({ token, ...(await host.prompt(asked, signal, onProgress)) }),
    [overview, rank, token],
    true,
  );
  const feature = ui.feature.value;
  return (
    <div class="all-features on-prompt">
      <div class="all-features-list prompt-answer" aria-busy={answer.loading}>
        {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
        {answer.value === undefined && answer.loading && <Spinner label="Running the text" />}
        {answer.value && (
          <>
            <RunNotes answer={answer.value} />
            <PromptTokens answer={answer.value} feature={feature} token={token} onToken={setToken} />
            {hasSourceTokens() &&
              (feature === undefined || token === undefined ? (
                <p class="note">
                  Choose a feature and a token to see from which tokens the feature got its value there.
                </p>
              ) : (
                <AskSourceTokens feature={feature} prompt={prompt} position={token}>
                  From which tokens does feature {feature} get its value at token {tokenNumber(token)}?
                </AskSourceTokens>
              ))}
            <p class="muted" role="status">
              {formatCount(answer.value.firing)} features fire {whereOf(answer.value)}
              {answer.value.firing > answer.value.features.length &&
                `; the first ${answer.value.features.length} are shown`}
              {'. '}
              {token !== undefined && <TextButton onClick={() => setToken(undefined)}>All tokens</TextButton>}
            </p>
            <Tabs
              label="Order of features"
              kind="segments"
              tabs={RANKS}
              active={rank}
              onChange={(next) => (ui.promptRank.value = next)}
            />
            <PromptTable answer={answer.value} feature={feature} />
            <SteeringPart overview={overview} prompt={prompt} tokens={answer.value.tokens} token={token} />
          </>
        )}
      </div>
      {feature === undefined || feature >= overview.columns.density.length ? (
        <p class="note feature-page">
          Choose a feature to see what it fires on elsewhere; its activations then colour the text.
        </p>
      ) : (
        <FeaturePage overview={overview} feature={feature} />
      )}
    </div>
  );
}

function whereOf({ token, tokens }: PromptAnswer & { readonly token: number | undefined }): string {
  return token === undefined ? 'on this text' : `at token ${tokenNumber(token)}, “${visible(tokens[token] ?? '')}”`;
}

function RunNotes({ answer: { name, tokens, synthetic, notes } }: { answer: PromptAnswer }): JSX.Element {
  return (
    <>
      <p class="muted">
        {name}: {formatCount(tokens.length)} {tokens.length === 1 ? 'token' : 'tokens'}{' '}
        {synthetic && <Badge tone="warning">random inputs</Badge>}
      </p>
      {notes.map((note) => (
        <p key={note} class="feature-warning" role="note">
          <Icon name="warning" class="icon-warning" /> {note}
        </p>
      ))}
    </>
  );
}
