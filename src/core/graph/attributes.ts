import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
} from '../formats/onnx/onnx_pb.js';

/** Anything that stands for a node of the file. */
export interface HasNode {
  readonly proto: NodeProto;
}

/**
 * Typed access to a node's attributes: each gives undefined when the attribute is absent, has another type, or is a
 * reference to a parameter of the surrounding function. Files older than IR version 3 may leave the type out.
 */
function attribute(node: HasNode, name: string, type: AttributeType): AttributeProto | undefined {
  const found = node.proto.attribute.find((candidate) => candidate.name === name);
  if (found === undefined || found.refAttrName !== '') return undefined;
  return found.type === type || found.type === AttributeType.UNDEFINED ? found : undefined;
}

/** An integer; beyond 2^53 it is rounded (as in the "to the end" of Slice, 2^63 − 1). */
export function attributeInt(node: HasNode, name: string): number | undefined {
  const found = attribute(node, name, AttributeType.INT);
  return found === undefined ? undefined : Number(found.i);
}

export function attributeInts(node: HasNode, name: string): readonly number[] | undefined {
  return attribute(node, name, AttributeType.INTS)?.ints.map(Number);
}

export function attributeFloat(node: HasNode, name: string): number | undefined {
  return attribute(node, name, AttributeType.FLOAT)?.f;
}

export function attributeFloats(node: HasNode, name: string): readonly number[] | undefined {
  return attribute(node, name, AttributeType.FLOATS)?.floats;
}

export function attributeString(node: HasNode, name: string): string | undefined {
  const found = attribute(node, name, AttributeType.STRING);
  return found === undefined ? undefined : new TextDecoder().decode(found.s);
}

export function attributeStrings(node: HasNode, name: string): readonly string[] | undefined {
  return attribute(node, name, AttributeType.STRINGS)?.strings.map((text) => new TextDecoder().decode(text));
}

export function attributeTensor(node: HasNode, name: string): TensorProto | undefined {
  return attribute(node, name, AttributeType.TENSOR)?.t;
}

/** The numbers of an attribute that holds one or several; floats have the digits that single precision has. */
export function attributeNumbers({ type, i, f, ints, floats }: AttributeProto): readonly number[] {
  switch (type) {
    case AttributeType.INT:
      return [Number(i)];
    case AttributeType.FLOAT:
      return [shortest(f)];
    case AttributeType.INTS:
      return ints.map(Number);
    case AttributeType.FLOATS:
      return floats.map(shortest);
    case AttributeType.UNDEFINED:
      return [...ints.map(Number), ...floats.map(shortest), ...(i === 0n ? [] : [Number(i)]), ...(f === 0 ? [] : [f])];
    default:
      return [];
  }
}

/** 0.1 in single precision is 0.10000000149: a person writes 0.1. */
function shortest(value: number): number {
  return Number(value.toPrecision(7));
}
