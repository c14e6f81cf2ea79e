import type { Any } from '../proto/gen/google/protobuf/any.ts';
import { TypedStruct } from '../proto/gen/xds/type/v3/typed_struct.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** What every generated message offers; enough to put one into an Any. */
interface Encoder<T> {
  encode(message: T): { finish(): Uint8Array };
}

/** Packs a message into google.protobuf.Any. */
export function pack<T>(typeUrl: string, encoder: Encoder<T>, message: T): Any {
  return { typeUrl, value: Buffer.from(encoder.encode(message).finish()) };
}

/** Packs the JSON form of a message whose newest fields the generated types do not know; Envoy parses it itself. */
export function packStruct(typeUrl: string, value: Record<string, unknown>): Any {
  return pack(EXTENSION_TYPES.typedStruct, TypedStruct, TypedStruct.fromPartial({ typeUrl, value }));
}

/** Packs a message all of whose fields keep their defaults. */
export function packEmpty(typeUrl: string): Any {
  return { typeUrl, value: Buffer.alloc(0) };
}
