/** Every pass of the product: adding one means adding its folder and its line here. */
import { activationStatistics } from './activation-statistics/pass.js';
import { attentionHeads } from './attention-heads/pass.js';
import { certificates } from './certificates/pass.js';
import { coreNeurons } from './core-neurons/pass.js';
import { deadUnits } from './dead-units/pass.js';
import { dictionaryError } from './dictionary-error/pass.js';
import { dictionaryFit } from './dictionary-fit/pass.js';
import { fusableBranches } from './fusable-branches/pass.js';
import { layerHealth } from './layer-health/pass.js';
import { massiveActivations } from './massive-activations/pass.js';
import { massiveInterventions } from './massive-interventions/pass.js';
import { nonFiniteScan } from './non-finite-scan/pass.js';
import { operationCosts } from './operation-costs/pass.js';
import type { Experiment, FilePass, Pass } from './pass.js';
import { shiftedRelu } from './shifted-relu/pass.js';
import { roleInvariants } from './roles/experiment.js';
import { roles } from './roles/pass.js';
import { silentSites } from './silent-sites/pass.js';
import { signalPropagation } from './signal-propagation/pass.js';
import { skippableNeurons } from './skippable-neurons/pass.js';
import { staticDeadUnits } from './static-dead-units/pass.js';
import { weightStatistics } from './weight-statistics/pass.js';
import { zeroSparsity } from './zero-sparsity/pass.js';

/** Asked of inputs that run through a network. */
// The state is each pass's own affair: the run loop only hands it back to the pass it came from.
export const passes: readonly Pass<unknown>[] = [
  deadUnits,
  zeroSparsity,
  silentSites,
  layerHealth,
  coreNeurons,
  shiftedRelu,
  activationStatistics,
  signalPropagation,
  massiveActivations,
] as Pass<unknown>[];

/** Asked of the file alone. */
export const filePasses: readonly FilePass[] = [
  operationCosts,
  roles,
  weightStatistics,
  staticDeadUnits,
  certificates,
  fusableBranches,
];

/** Asked of changed copies of the network, over and over: started by name. */
export const experiments: readonly Experiment[] = [
  skippableNeurons,
  massiveInterventions,
  attentionHeads,
  nonFiniteScan,
  roleInvariants,
  dictionaryFit,
  dictionaryError,
];
