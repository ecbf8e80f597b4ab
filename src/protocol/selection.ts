/** What is selected, everywhere at once. All optional: nothing selected. */
export interface Selection {
  /** Id of a graph item. */
  readonly item?: string;
  /** ONNX value name of an activation layer. */
  readonly layer?: string;
  readonly unit?: number;
  readonly example?: number;
  /** A tensor of weights, by its place in the file. */
  readonly tensor?: number;
}

export function sameSelection(a: Selection, b: Selection): boolean {
  return (
    a.item === b.item && a.layer === b.layer && a.unit === b.unit && a.example === b.example && a.tensor === b.tensor
  );
}
