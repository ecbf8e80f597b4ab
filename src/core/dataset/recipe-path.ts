/** Path of a model's recipe file: `nets/mnist.onnx` → `nets/mnist.inspect.json`. */
export function recipePathFor(modelPath: string): string {
  return `${modelPath.replace(/\.onnx$/i, '')}.inspect.json`;
}
