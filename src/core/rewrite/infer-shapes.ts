export interface ConcreteShapes {
  shapeOf(value: string): readonly number[] | undefined;
}
