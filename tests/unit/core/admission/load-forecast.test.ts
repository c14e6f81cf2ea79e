import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { AdmissionScene, EdgeScene } from '../../../../core/admission/admission-scene.ts';
import { type EdgeChange, forecastLoads } from '../../../../core/admission/load-forecast.ts';
import { admissionScene, edgeScene, poolScene } from '../../../support/admission-scenes.ts';

const changeOf = (
  { workload, service, tenant, guaranteeRps }: EdgeScene,
  over: Partial<EdgeChange> = {},
): EdgeChange => ({
  workload,
  service,
  tenant,
  guaranteeRps,
  addedRps: 10,
  isOpen: false,
  ...over,
});

/** Added per service, and then over now per edge, after changes in this order. */
function forecast(scene: AdmissionScene, changes: readonly (readonly [EdgeScene, EdgeChange])[]) {
  const edges = new Map(changes.map(([{ key }, change]) => [key, change]));
  const loads = forecastLoads(scene, { edges, capacityRps: new Map(), levels: new Map() });
  return [...loads].map(([service, { addedRps, edges: moved }]) => [
    service,
    addedRps,
    ...moved.map(({ key, nowRps, thenRps }) => `${key} ${nowRps} → ${thenRps}`),
  ]);
}

const payment = ['a', 'b', 'c', 'd'].map((workload) => edgeScene('payment', { workload, loadRps: 20 }));
const [a, b, c] = payment as [EdgeScene, EdgeScene, EdgeScene];

describe('loads after a change (MATHS §B7)', () => {
  it('tells of the edges that move, in the order of the scene and not of the change; new ones last', () => {
    const scene = admissionScene([poolScene('payment', {}, payment)]);
    const created = edgeScene('payment', { workload: 'newcomer', guaranteeRps: 4 });
    const changes = [created, c, a].map((edge) => [edge, changeOf(edge)] as const);
    deepEqual(forecast(scene, changes), [
      ['payment', 24, 'a/payment 20 → 30', 'c/payment 20 → 30', 'newcomer/payment 0 → 4'],
    ]);
  });

  it('follows the calls of a service, between edges that the change names', () => {
    const calls = edgeScene('stock', { workload: 'payment', loadRps: 5, guaranteeRps: 18, callsPerRequest: 2 });
    const before = edgeScene('stock', { workload: 'a', loadRps: 1 });
    const after = edgeScene('stock', { workload: 'b', loadRps: 1 });
    const scene = admissionScene([
      poolScene('payment', {}, payment),
      poolScene('stock', {}, [before, calls, after, edgeScene('stock', { workload: 'c' })]),
    ]);
    const changes = [after, before, b].map((edge) => [edge, changeOf(edge)] as const);
    deepEqual(forecast(scene, changes), [
      ['stock', 33, 'a/stock 1 → 11', 'payment/stock 5 → 18', 'b/stock 1 → 11'],
      ['payment', 10, 'b/payment 20 → 30'],
    ]);
  });

  it('goes no further where a service handles no more than before', () => {
    const calls = edgeScene('stock', { workload: 'payment', loadRps: 5, callsPerRequest: 2 });
    const scene = admissionScene([poolScene('payment', {}, payment), poolScene('stock', {}, [calls])]);
    const changes = [
      [a, changeOf(a)],
      [b, changeOf(b, { addedRps: -10 })],
    ] as const;
    deepEqual(forecast(scene, changes), [['payment', 0, 'a/payment 20 → 30', 'b/payment 20 → 10']]);
  });
});
