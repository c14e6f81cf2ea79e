import type { Metadata } from '@grpc/grpc-js';
import { type CapacityRefusal, DENIED_HEADER, readRefusal } from '../capacity-refusal.ts';

/** What a gRPC call ended with; a `ServiceError` is one. */
export interface EndOfCall {
  readonly details: string;
  readonly metadata: Metadata;
}

/** Why the mesh refused a gRPC call; `null` for an error of the service. */
export function refusalOfError({ details, metadata }: EndOfCall): CapacityRefusal | null {
  const reason = textIn(metadata, DENIED_HEADER);
  return reason === null ? null : readRefusal(reason, details, textIn(metadata, 'retry-after'));
}

/** The first value of an entry. */
export function textIn(metadata: Metadata, name: string): string | null {
  const [value] = metadata.get(name);
  return value === undefined ? null : value.toString();
}
