import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatMeshFile, parseMeshFile } from '../../platform/mesh-file.ts';
import { meshFromMessage, meshToMessage } from '../../platform/mesh-message.ts';
import { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';
import { meshConfig } from '../support/arbitrary-mesh.ts';

describe('mesh configuration', () => {
  it('survives being written to a file and read back', () => {
    fc.assert(
      fc.property(meshConfig, (config) => {
        const checked = parseMeshFile(formatMeshFile(config));
        assert.deepEqual(checked.ok ? checked.value : checked.problems, config);
      }),
    );
  });

  it('survives the wire', () => {
    fc.assert(
      fc.property(meshConfig, (config) => {
        const checked = meshFromMessage(Mesh.decode(Mesh.encode(meshToMessage(config)).finish()));
        assert.deepEqual(checked.ok ? checked.value : checked.problems, config);
      }),
    );
  });
});
