import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { packageRoot } from './package-root.ts';

let loaded: FileRegistry | undefined;

/** Descriptors of the capmesh.v1 protos and what they import, from `proto/gen/capmesh.binpb`. Throws when it is missing. */
export function messageRegistry(): FileRegistry {
  if (loaded === undefined) {
    const bytes = readFileSync(join(packageRoot(), 'proto', 'gen', 'capmesh.binpb'));
    loaded = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  }
  return loaded;
}

/** Descriptor of one message, for example `capmesh.v1.Mesh`. Throws on an unknown name. */
export function messageDescriptor(typeName: string): DescMessage {
  const desc = messageRegistry().getMessage(typeName);
  if (desc === undefined) {
    throw new Error(`no message ${typeName} in the descriptor set`);
  }
  return desc;
}
