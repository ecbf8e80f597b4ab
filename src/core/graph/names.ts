/**
 * Names as exporters write them, taken apart: PyTorch scopes ("/layer1/layer1.0/conv1/Conv"), TensorFlow and Keras
 * scopes ("model/dense/Relu:0"), dotted names ("layers.0.attn.wq"), weight names ("layer2.0.conv1.weight").
 */

export interface ScopedName {
  readonly module: readonly string[];
  readonly name: string;
  /** The last part is the operation ("Conv", "BiasAdd") rather than a name that a person gave. */
  readonly leafIsOperation: boolean;
}

/** Longer names are cut before they are read, deeper paths are joined: no real exporter writes them. */
const MAXIMUM_NAME_LENGTH = 1000;
const MAXIMUM_DEPTH = 16;

/** Last parts of weight names that name the parameter, not the module. */
const PARAMETER_WORDS =
  /^(weight|bias|kernel|recurrent_kernel|gamma|beta|scale|W|R|B|w|b|weights|running_mean|running_var|moving_mean|moving_variance|alpha|embeddings|table|buffer|forward_basis_buffer|weight_(ih|hh|g|v)(_l\d+)?|bias_(ih|hh)(_l\d+)?|ReadVariableOp(_\d+)?|Cast|resource|(qweight|scales|qzeros))$/;

/** Operations at the end of TensorFlow weight scopes: "dense/MatMul/ReadVariableOp". */
const OPERATION_WORDS =
  /^(MatMul|BiasAdd|Conv1D|Conv2D|Conv3D|conv2d|add|mul|batchnorm|FusedBatchNormV3|ExpandDims(_\d+)?|Tensordot)$/;

/** Names that a program made up for a weight. */
const MADE_UP_WEIGHT =
  /^\d+$|::|^(const|constant|parameter|initializer|tensor|input|arg|param|weight|bias|val|value|t|w|b|x|y|i)[_.]?\d*$|const_fold_opt|ConstantFolding|^Const(ant)?[_\d]|_shape__\d+$|^Reshape|^const_/i;

/** A node's name as a path, or undefined where it has no scope. */
export function pathOfName(text: string): ScopedName | undefined {
  // TensorFlow Lite joins the names of fused nodes with ";": the first is the output's.
  const name = (text.slice(0, MAXIMUM_NAME_LENGTH).split(';')[0] ?? '')
    .replace(/:\d+$/, '')
    .replace(/_output_\d+$/, '');
  if (name.includes('/')) {
    const segments = name.split('/').filter((segment) => segment !== '');
    const leaf = segments.pop();
    if (leaf === undefined) return undefined;
    return { module: modulePath(segments), name: leaf, leafIsOperation: true };
  }
  if (/^[A-Za-z_][\w-]*(\.[\w-]+)+$/.test(name)) {
    const segments = name.split('.');
    const leaf = segments.pop() ?? '';
    return { module: limited(segments), name: leaf, leafIsOperation: false };
  }
  return undefined;
}

/** The scope list that PyTorch's newer exporter keeps beside a node: "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']". */
export function pathOfScopes(text: string): ScopedName | undefined {
  const scopes = [...text.slice(0, 8 * MAXIMUM_NAME_LENGTH).matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const leaf = scopes.pop();
  const innermost = scopes.pop();
  if (leaf === undefined || innermost === undefined) return undefined;
  return {
    module: limited(innermost.split('.').filter((segment) => segment !== '')),
    name: leaf,
    leafIsOperation: true,
  };
}

/** The module that a weight belongs to, outermost first, or undefined where its name was made up. */
export function pathOfWeight(text: string): readonly string[] | undefined {
  const name = (text.slice(0, MAXIMUM_NAME_LENGTH).split(';')[0] ?? '')
    .replace(/:\d+$/, '')
    .replace(/^ConvBnFusion_(W|BN_B)_/, '')
    .replace(/_(quantized|scale|zero_point|fp16|transposed)$/, '');
  if (MADE_UP_WEIGHT.test(name)) return undefined;
  const segments = name.includes('/')
    ? modulePath(name.split('/').filter((segment) => segment !== ''))
    : name.split('.');
  const path = [...segments];
  const shortened = (): boolean => {
    const last = path.at(-1) ?? '';
    return path.length > 1 && (PARAMETER_WORDS.test(last) || OPERATION_WORDS.test(last));
  };
  while (shortened()) path.pop();
  const [only] = path;
  if (path.length === 1 && only !== undefined) {
    const stem = only.replace(/_(weight|bias|kernel|W|R|B|w|b)$/, '').replace(/_(MatMul|Add|Conv|Gemm)$/, '');
    // A lone "W_in" or "causal_mask" is a parameter's own name; a module's has lost its parameter word.
    const hasParameterWord = stem !== only || segments.length > 1;
    return hasParameterWord && !MADE_UP_WEIGHT.test(stem) ? [stem] : undefined;
  }
  return path.every((segment) => segment !== '') ? limited(path) : undefined;
}

/** Whether a name only repeats the operator: "Relu", "Relu_12", "relu1", "node_Relu_3", "/Relu_2". */
export function isOperatorLike(name: string, opType: string): boolean {
  const stem = name
    .toLowerCase()
    .replace(/^\/+|^node_/, '')
    .replace(/[_\d.]+$/, '');
  return stem === '' || stem === 'node' || stem === opType.toLowerCase();
}

/** Module segments: PyTorch repeats the parent in a child's segment ("layer1/layer1.0"), and joins lists by dots. */
function modulePath(segments: readonly string[]): readonly string[] {
  const path: string[] = [];
  let previous = '';
  for (const segment of segments) {
    // The spox library writes the branch that a node was inlined into in front of its scope.
    if (/^If_\d+_(then|else)_branch__Inline_\d+__$/.test(segment)) continue;
    const own = previous !== '' && segment.startsWith(`${previous}.`) ? segment.slice(previous.length + 1) : segment;
    path.push(...own.split('.').filter((part) => part !== ''));
    previous = segment;
  }
  return limited(path);
}

function limited(path: readonly string[]): readonly string[] {
  if (path.length <= MAXIMUM_DEPTH) return path;
  return [...path.slice(0, MAXIMUM_DEPTH - 1), path.slice(MAXIMUM_DEPTH - 1).join('.')];
}
