import type { JSX } from 'preact';
import type { PageTab } from '../../src/protocol/page-api.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { CircuitsView } from '../circuits/circuits-view.js';
import { Spinner } from '../controls/fields.js';
import { Tabs } from '../controls/tabs.js';
import { TooltipLayer } from '../controls/tooltip.js';
import { FeaturesView } from '../features/features-view.js';
import { LinearView } from '../linear/linear-view.js';
import { Overview } from '../overview/overview.js';
import { ui } from '../state/interface-state.js';
import { askState, connectionProblem, openState, reloadModel, result } from '../state/session.js';
import { HeatmapView } from '../views/heatmap-view.js';
import { PassesView } from '../views/passes-view.js';
import { WeightsView } from '../weights/weights-view.js';
import { Header } from './header.js';
import { Notices } from './notices.js';
import { ProblemBox } from './problem-box.js';
import { SidePanel } from './side-panel.js';
import { Status } from './status.js';

export function App(): JSX.Element {
  const state = openState.value;
  const lost = connectionProblem.value;
  return (
    <>
      {lost && <ProblemBox problem={lost} action="Try again" onAction={() => void askState()} />}
      {state === undefined && !lost && <Spinner label="Reading the model" />}
      {state?.state === 'failed' && (
        <main class="failed">
          <h1>{state.fileName}</h1>
          <ProblemBox problem={state.problem} action="Try again" onAction={() => void reloadModel()} />
        </main>
      )}
      {state?.state === 'open' && <Page model={state.model} />}
      <TooltipLayer />
    </>
  );
}

function Page({ model }: { model: OpenedModel }): JSX.Element {
  const tabs = tabsFor(model.overview.network !== undefined, result.value !== undefined);
  const wanted = tabs.find((tab) => tab.name === ui.tab.value && tab.disabledReason === undefined);
  const active: PageTab = wanted?.name ?? 'overview';
  return (
    <div class="page">
      <Header model={model} />
      <Notices />
      <nav class="navigation">
        <Tabs label="Views" tabs={tabs} active={active} onChange={(tab) => (ui.tab.value = tab)} />
        <Status />
      </nav>
      <div class="body">
        <main class="view" role="tabpanel">
          {active === 'overview' && <Overview model={model} />}
          {active === 'weights' && <WeightsView />}
          {active === 'heatmap' && <HeatmapView />}
          {active === 'linear' && <LinearView model={model} />}
          {active === 'features' && <FeaturesView model={model} />}
          {active === 'circuits' && <CircuitsView model={model} />}
          {active === 'passes' && <PassesView model={model} />}
        </main>
        <SidePanel />
      </div>
    </div>
  );
}

interface NamedTab {
  readonly name: PageTab;
  readonly label: string;
  readonly disabledReason?: string;
}

function tabsFor(hasNetwork: boolean, hasResult: boolean): readonly NamedTab[] {
  const heatmap: NamedTab = {
    name: 'heatmap',
    label: 'Heatmap',
    disabledReason: hasResult ? undefined : 'Run first: the heatmap shows what units did on your inputs.',
  };
  return [
    { name: 'overview', label: 'Overview' },
    { name: 'weights', label: 'Weights' },
    // A file of weights has no units that could do anything.
    ...(hasNetwork
      ? [
          heatmap,
          { name: 'linear', label: 'Linear interpreter' } as const,
          { name: 'features', label: 'Features' } as const,
          { name: 'circuits', label: 'Circuits' } as const,
        ]
      : []),
    { name: 'passes', label: 'Passes' },
  ];
}
