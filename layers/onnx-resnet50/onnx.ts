/** Writes ONNX graphs: the few messages of the format that this network needs, and a builder that names things. */

import protobuf from 'protobufjs';
import { elements } from './tensor.ts';

/** Names and numbers are those of the ONNX standard (onnx.proto), IR version 8. */
const SCHEMA = `
  syntax = "proto2";
  message Model {
    optional int64 ir_version = 1;
    optional string producer_name = 2;
    optional Graph graph = 7;
    repeated OperatorSet opset_import = 8;
    repeated Property metadata_props = 14;
  }
  message OperatorSet { optional string domain = 1; optional int64 version = 2; }
  message Property { optional string key = 1; optional string value = 2; }
  message Graph {
    repeated Node node = 1;
    optional string name = 2;
    repeated Tensor initializer = 5;
    repeated Value input = 11;
    repeated Value output = 12;
  }
  message Node {
    repeated string input = 1;
    repeated string output = 2;
    optional string name = 3;
    optional string op_type = 4;
    repeated Attribute attribute = 5;
  }
  message Attribute {
    optional string name = 1;
    optional float f = 2;
    optional int64 i = 3;
    repeated int64 ints = 8;
    optional int32 type = 20;
  }
  message Tensor {
    repeated int64 dims = 1;
    optional int32 data_type = 2;
    optional string name = 8;
    optional bytes raw_data = 9;
  }
  message Value { optional string name = 1; optional Type type = 2; }
  message Type { optional TensorType tensor_type = 1; }
  message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
`;

const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');

const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** Element types, numbered as in ONNX. */
export const ELEMENT = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
type ElementType = (typeof ELEMENT)[keyof typeof ELEMENT];

const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;

type Numbers = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** An attribute: a whole number, a list of them, or `{float}`. */
export type AttributeValue = number | readonly number[] | { readonly float: number };

/** A side of a shape: its length, or a name for one that differs from run to run. */
type Dimension = number | string;

/** Collects a graph in the order of computation. Values are known by name; every node has one output. */
export class OnnxGraph {
  private readonly nodes: object[] = [];
  private readonly initializers: object[] = [];
  private readonly inputs: object[] = [];
  private readonly outputs: object[] = [];

  constructor(private readonly name: string) {}

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.inputs.push(value(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): void {
    this.outputs.push(value(name, type, shape));
  }

  /** Adds constant numbers; a scalar has the shape `[]`. */
  constant(
    name: string,
    data: Numbers,
    shape: readonly number[] = data.length === 1 ? [] : [data.length],
  ): string {
    if (elements(shape) !== data.length)
      throw new RangeError(`${name}: ${data.length} numbers do not fill [${shape}]`);
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ dims: shape, data_type: typeOf(data), name, raw_data });
    return name;
  }

  /** Adds a computation and returns the name of its output, which is also the node's name. */
  node(
    name: string,
    op_type: string,
    input: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const attribute = Object.entries(attributes).map(([key, content]) => attributeOf(key, content));
    this.nodes.push({ input, output: [name], name, op_type, attribute });
    return name;
  }

  /** The bytes of the `.onnx` file; the same graph and properties give the same bytes. */
  encode(properties: Readonly<Record<string, string>>): Uint8Array {
    return Model.encode({
      ir_version: IR_VERSION,
      producer_name: 'likeness',
      opset_import: [{ domain: '', version: OPSET_VERSION }],
      graph: {
        name: this.name,
        node: this.nodes,
        initializer: this.initializers,
        input: this.inputs,
        output: this.outputs,
      },
      metadata_props: Object.entries(properties).map(([key, content]) => ({ key, value: content })),
    }).finish();
  }
}

function value(name: string, elem_type: ElementType, shape: readonly Dimension[]): object {
  const dim = shape.map((side) => (typeof side === 'number' ? { dim_value: side } : { dim_param: side }));
  return { name, type: { tensor_type: { elem_type, shape: { dim } } } };
}

function typeOf(data: Numbers): ElementType {
  if (data instanceof Float32Array) return ELEMENT.float32;
  if (data instanceof Uint8Array) return ELEMENT.uint8;
  if (data instanceof Int8Array) return ELEMENT.int8;
  return data instanceof Int32Array ? ELEMENT.int32 : ELEMENT.int64;
}

function attributeOf(name: string, content: AttributeValue): object {
  if (typeof content === 'number') return { name, i: content, type: ATTRIBUTE.int };
  if ('float' in content) return { name, f: content.float, type: ATTRIBUTE.float };
  return { name, ints: content, type: ATTRIBUTE.ints };
}
