const LENGTH_DELIMITED = 2;

/**
 * A field that Envoy knows and our generated types do not yet, encoded so that it
 * can be appended to an encoded message: protobuf fields may come in any order.
 */
export function newerField(fieldNumber: number, message: Uint8Array): Buffer {
  return Buffer.concat([varint((fieldNumber << 3) | LENGTH_DELIMITED), varint(message.length), message]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
