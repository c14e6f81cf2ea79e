import { AttributeContext_ContextExtensionsEntry } from '../../proto/gen/envoy/service/auth/v3/attribute_context.ts';
import { CheckRequest } from '../../proto/gen/envoy/service/auth/v3/external_auth.ts';
import type { Dice } from './dice.ts';

/** Sizes up to that of the largest body that the check server hands over. */
const OVERSIZE_BYTES = 256 * 1024;

/** A CheckRequest as Envoy would write it. */
export function encodeCheck(service: string, headers: Readonly<Record<string, string>>): Buffer {
  const attributes = {
    source: { address: { address: { $case: 'pipe' as const, value: { path: '/x', mode: 7 } } } },
    request: { http: { id: '1', method: 'GET', path: '/pay?x=1', host: service, headers } },
    contextExtensions: { service },
  };
  return Buffer.from(CheckRequest.encode(CheckRequest.fromPartial({ attributes })).finish());
}

/** An entry of a map of texts as it stands in a message, after its own tag and length. */
export const encodeEntry = (key: string, value: string): Buffer =>
  Buffer.from(AttributeContext_ContextExtensionsEntry.encode({ key, value }).finish());

/** A request whose headers Envoy may send and nobody expects. */
export function oddRequest(service: string, token: string, dice: Dice): Buffer {
  const headers: Record<string, string> = { ':authority': service, 'x-capacity-token': token };
  for (let more = dice.below(4); more > 0; more -= 1) {
    const name = dice.of(['x-capacity-priority', 'x-capacity-attempt', 'content-type', 'X-Capacity-Token', '', '\0']);
    headers[name] = dice.of(['', '99', '-1', 'NaN', '1e400', 'é', '\0', '9'.repeat(400), 'application/grpc+proto']);
  }
  const name = dice.chance(0.1) ? dice.of(['', 'Payment', 'payment\0', '__proto__', 'p'.repeat(300), '💳']) : service;
  return encodeCheck(name, headers);
}

/** The bytes with something about them that no encoder does. */
export function brokenBytes(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length);
  const end = Math.min(bytes.length, at + dice.below(24));
  switch (dice.below(9)) {
    case 0:
      return dice.flipped(bytes);
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(8)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + dice.below(11), 0xff), bytes.subarray(at)]);
    case 5: {
      // Another wire type for what may be a tag.
      const copy = Buffer.from(bytes);
      copy[at] = ((copy[at] ?? 0) & 0xf8) | dice.below(8);
      return copy;
    }
    case 6:
      return dice.flipped(dice.flipped(dice.flipped(bytes)));
    case 7:
      return dice.bytes(dice.below(200));
    default:
      return dice.chance(0.005)
        ? Buffer.concat([bytes, Buffer.alloc(OVERSIZE_BYTES, dice.below(256))])
        : dice.flipped(dice.flipped(bytes));
  }
}
