/** What the linear twins leave out, and why. Everything that is not named here must hold. */

/** A reason for each of several names. */
function each(reason: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** Cases and models that are not opened for this test: path or file name → why. */
export const UNUSABLE: Readonly<Record<string, string>> = {
  ...each('the engine refuses its sizes as constants: it takes them as inputs only', [
    'node/test_affine_grid_2d_expanded',
    'node/test_affine_grid_2d_align_corners_expanded',
  ]),
  'node/test_scan_sum': 'Scan had other inputs before version 9 of the operators',
  ...each('an output is −∞ or as large as numbers go', [
    'node/test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask_causal',
    'node/test_attention_4d_with_past_and_present_qk_matmul_bias_4d_mask_causal_expanded',
  ]),
};

/** Cases whose output moves in steps: the slope is 0 everywhere. */
export const NOT_DIFFERENTIABLE: Readonly<Record<string, string>> = {
  ...each('rounds', ['node/test_ceil', 'node/test_floor', 'node/test_round']),
  ...each('chooses', [
    'node/test_sign',
    'node/test_hardmax_axis_2',
    'node/test_hardmax_negative_axis',
    'node/test_onehot_negative_indices',
    'node/test_onehot_out_of_range_indices',
    'node/test_onehot_with_axis',
  ]),
};

const LATER = 'recurrent operators of more than 128 steps have no rules';

/** Cases on the way of which an operator, or a use of one, has no rule: the product names it. */
export const UNREAD: Readonly<Record<string, string>> = {
  ...each('determinants have no rule', ['node/test_det_2d', 'node/test_det_nd']),
  ...each('the only floating-point input is the scale, a parameter', [
    'node/test_dequantizelinear',
    'node/test_dequantizelinear_axis',
    'node/test_dequantizelinear_int16',
  ]),
  ...each('deformable convolution has no rule', [
    'node/test_basic_deform_conv_without_padding',
    'node/test_deform_conv_with_multiple_offset_groups',
  ]),
  'node/test_dynamicquantizelinear': 'the scale that it finds has no derivative',
  ...each('training mode', [
    'node/test_batchnorm_example_training_mode',
    'node/test_training_dropout_zero_ratio',
    'node/test_training_dropout_zero_ratio_mask',
  ]),
  ...each('combines by the larger or the smaller', [
    'node/test_scatternd_max_with_element_indices',
    'node/test_scatternd_min_with_element_indices',
  ]),
  ...each('no rule: trees, thresholds, sequences', [
    'node/test_ai_onnx_ml_binarizer',
    'node/test_ai_onnx_ml_tree_ensemble_single_tree',
    'node/test_optional_get_element_tensor',
    'simple/test_sequence_model1',
    'simple/test_sequence_model2',
    'simple/test_sequence_model4',
    'simple/test_sequence_model5',
    'simple/test_sequence_model7',
  ]),
};

/** Real models that are read up to an operator without a rule. */
export const PARTLY_READ: Readonly<Record<string, string>> = each(LATER, [
  'gtcrn_simple.onnx',
  'nnsplit_en.onnx',
  'nnsplit_zh.onnx',
]);

const PARTS = 'frozen, the secants of the parts are not the secant of the whole';

/** Operators whose written-out twin is another map under `frozen`: path of the operator's case → why. */
export const OTHER_TWIN: Readonly<Record<string, string>> = {
  'node/test_softplus_example': PARTS,
  ...each(PARTS, [
    'node/test_logsoftmax_axis_0',
    'node/test_logsoftmax_axis_1',
    'node/test_logsoftmax_default_axis',
    'node/test_logsoftmax_example_1',
    'node/test_logsoftmax_negative_axis',
    'node/test_reduce_log_sum_exp_do_not_keepdims_example',
    'node/test_reduce_log_sum_exp_keepdims_random',
    'node/test_reduce_log_sum_exp_negative_axes_keepdims_example',
    'node/test_reduce_log_sum_exp_negative_axes_keepdims_random',
  ]),
};
