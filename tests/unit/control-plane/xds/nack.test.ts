import assert from 'node:assert/strict';
import { blamedBy } from '../../../../control-plane/xds/nack.ts';

describe('blamedBy()', () => {
  it('reads every culprit of a semantic error', () => {
    const text = 'Error adding/updating cluster(s) edge/a/p: EDS without config, edge/b/p: malformed IP address: x';
    assert.deepEqual(blamedBy(text, ['edge/a/p', 'edge/b/p', 'edge/ab/p', 'edge/c/p']), ['edge/a/p', 'edge/b/p']);
  });

  it('reads the first name of a resource that is printed whole', () => {
    const text =
      '[type.googleapis.com/envoy.config.cluster.v3.Cluster]\nname: "edge/a/p"\nload_assignment { cluster_name: "edge/b/p" }\n: Proto constraint validation failed';
    assert.deepEqual(blamedBy(text, ['edge/b/p', 'edge/a/p']), ['edge/a/p']);
  });

  it('blames the only one that was sent', () => assert.deepEqual(blamedBy('no', ['a']), ['a']));

  it('blames nobody where nothing is said', () => {
    assert.deepEqual(blamedBy('something is wrong with a', ['a', 'b']), []);
    assert.deepEqual(blamedBy('name: "other"', ['a', 'b']), []);
  });
});
