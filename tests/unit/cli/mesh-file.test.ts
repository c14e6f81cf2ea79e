import assert from 'node:assert/strict';
import { exampleMesh } from '../../../cli/example-mesh.ts';
import { locate } from '../../../cli/mesh-file.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

describe('locate', () => {
  const text = 'mesh: shop\nservices:\n  payment:\n    endpoints: [a:1, "b"]\n';

  it('names line and column of a field, and of its nearest parent where it is missing', () => {
    const problems = [
      { path: 'services.payment.endpoints[1]', message: 'needs a port' },
      { path: 'services.payment.capacity.rps', message: 'is missing' },
      { path: '', message: 'is odd' },
    ];
    assert.deepEqual(locate(text, 'm.yaml', problems), [
      'm.yaml:4:22: services.payment.endpoints[1]: needs a port',
      'm.yaml:4:5: services.payment.capacity.rps: is missing',
      'm.yaml: error: is odd',
    ]);
  });
});

describe('exampleMesh', () => {
  it('is the worked example of CONTRACT §I', () => {
    assert.deepEqual(parseMeshFile(exampleMesh()), parseMeshFile(WORKED_EXAMPLE));
  });

  it('points at the ports of a running example', () => {
    const checked = parseMeshFile(exampleMesh({ payment: 4001, inventory: 4002 }));
    assert.ok(checked.ok);
    assert.deepEqual(checked.value.services.get('inventory')?.endpoints, ['127.0.0.1:4002']);
  });
});
