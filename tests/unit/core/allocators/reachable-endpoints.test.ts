import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NOWHERE, reachableEndpoints } from '../../../../core/allocators/reachable-endpoints.ts';
import type { PlacedEndpoint } from '../../../../core/mesh/service-endpoint.ts';

const HERE = { node: 'node-1', region: 'eu', zone: 'eu-a', subZone: 'rack-1' };
/** One endpoint for each level as seen from HERE, named by its level. */
const ONE_EACH: readonly PlacedEndpoint[] = [
  { address: 'level:4', region: 'us', zone: 'us-a', subZone: 'rack-1', node: 'node-1' },
  { address: 'level:3', region: 'eu', zone: 'eu-b', subZone: 'rack-1' },
  { address: 'level:2', region: 'eu', zone: 'eu-a', subZone: 'rack-2' },
  { address: 'level:1', region: 'eu', zone: 'eu-a', subZone: 'rack-1', node: 'node-2' },
  { address: 'level:0', region: 'eu', zone: 'eu-a', subZone: 'rack-1', node: 'node-1' },
];
const many = (count: number, zone: string): PlacedEndpoint[] =>
  Array.from({ length: count }, (_, i) => ({ address: `${zone}:${i}`, region: 'eu', zone }));

describe('reachableEndpoints() (CONTRACT §D)', () => {
  it('adds one level after the other as C_geo grows', () => {
    for (const [geo, levels] of [
      [0, 0],
      [0.2, 1],
      [0.4, 2],
      [0.6, 3],
      [0.8, 4],
      [1, 5],
    ] as const) {
      const expected = [0, 1, 2, 3, 4].map((level) => (level < levels ? [`level:${level}`] : []));
      assert.deepEqual(reachableEndpoints('w/s', geo, ONE_EACH, HERE), expected, `C_geo ${geo}`);
    }
  });

  it('puts every endpoint on one level without C_geo', () => {
    assert.deepEqual(reachableEndpoints('w/s', null, ONE_EACH, HERE), [ONE_EACH.map(({ address }) => address)]);
  });

  it('takes every endpoint for as near as the next where a place is not told, and still takes a share', () => {
    const plain = ['a:1', 'b:1', 'c:1', 'd:1'];
    for (const [endpoints, from] of [
      [plain, HERE],
      [ONE_EACH, NOWHERE],
    ] as const) {
      const [nearest, ...farther] = reachableEndpoints('w/s', 0.2, endpoints, from);
      assert.equal(nearest?.length, endpoints.length);
      assert.deepEqual(farther, [[], [], [], []]);
    }
    assert.equal(reachableEndpoints('w/s', 0.1, plain, HERE)[0]?.length, 2);
  });

  it('counts an endpoint that tells no place among others that do as farthest', () => {
    assert.deepEqual(reachableEndpoints('w/s', 0.8, ['plain:1', ...many(1, 'eu-a')], HERE).flat(), ['eu-a:0']);
    assert.deepEqual(reachableEndpoints('w/s', 1, ['plain:1', ...many(1, 'eu-a')], HERE)[4], ['plain:1']);
  });

  it('takes ⌈w_d·n_d⌉ of a level, a part of it that few edges share', () => {
    const far = many(10, 'eu-b');
    const part = (edge: string) => reachableEndpoints(edge, 0.66, far, HERE).flat();
    assert.equal(part('w/s').length, 3);
    const parts = new Set(Array.from({ length: 20 }, (_, i) => part(`w${i}/s`).join()));
    assert.ok(parts.size > 10, `${parts.size} different parts of 20`);
  });

  it('moves at most one of its endpoints when one comes or goes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 0, max: 39 }),
        fc.string(),
        (count, gone, edge) => {
          const before = reachableEndpoints(edge, 0.7, many(count, 'eu-b'), HERE).flat();
          const left = many(count, 'eu-b').filter((_, i) => i !== gone % count);
          const after = new Set(reachableEndpoints(edge, 0.7, left, HERE).flat());
          assert.ok(before.filter((address) => !after.has(address)).length <= 1);
        },
      ),
    );
  });

  it('never reaches less with more C_geo', () => {
    const endpoints = [...ONE_EACH, ...many(7, 'eu-a'), ...many(7, 'eu-b')];
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fraction, fraction, (a, b) => {
        const more = new Set(reachableEndpoints('w/s', Math.max(a, b), endpoints, HERE).flat());
        const less = reachableEndpoints('w/s', Math.min(a, b), endpoints, HERE).flat();
        assert.ok(less.every((address) => more.has(address)));
      }),
    );
  });
});
