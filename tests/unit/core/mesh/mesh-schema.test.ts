import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { MESH_SCHEMA } from '../../../../core/mesh/mesh-schema.ts';
import { packageRoot } from '../../../../platform/package-root.ts';

describe('docs/mesh.schema.json', () => {
  it('is the schema that the code checks with (UPDATE_GOLDEN=1 rewrites it)', () => {
    const file = `${packageRoot()}/docs/mesh.schema.json`;
    const expected = `${JSON.stringify(MESH_SCHEMA, null, 2)}\n`;
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, expected);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(expected));
  });
});
