import { createHash } from 'node:crypto';
import type { Place } from '../core/allocators/reachable-endpoints.ts';

/** One xDS resource, encoded. Never changes. */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** Hash of the bytes: same content, same version. */
  readonly version: string;
  /** Path of the object in the mesh configuration that the resource was built from. */
  readonly source: string;
  /** Resource that a client which holds this one subscribes to and needs before it can use this one. */
  readonly needs: ResourceRef | null;
  /** The resource as a node at that place is to have it; absent = the same everywhere. */
  readonly seenFrom?: (place: Place) => Resource;
}

export interface ResourceRef {
  readonly typeUrl: string;
  readonly name: string;
}

export interface ResourceParts {
  readonly typeUrl: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly needs?: ResourceRef;
}

export function resourceOf({ typeUrl, name, bytes, source, needs }: ResourceParts): Resource {
  return { typeUrl, name, bytes: Buffer.from(bytes), version: contentHash(bytes), source, needs: needs ?? null };
}

/** 64 bits of SHA-256, in hex. */
export function contentHash(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
