import assert from 'node:assert/strict';
import { RoutePacer } from '../../../../control-plane/xds/route-pacer.ts';
import { buildSnapshot } from '../../../../envoy/render-plan.ts';
import { RESOURCE_TYPES } from '../../../../envoy/type-urls.ts';
import { edgePlan, planOf, servicePlan } from '../../../support/plans.ts';

const withBackstop = (maxTokens: number, timeoutMs = 5_000) =>
  buildSnapshot(
    planOf(
      servicePlan('payment', {
        timeoutMs,
        edges: [edgePlan('checkout', 'payment', { backstop: { maxTokens, tokensPerFill: 1, fillIntervalMs: 100 } })],
      }),
    ),
  );
const routes = (snapshot: ReturnType<typeof buildSnapshot>) => snapshot.sets.get(RESOURCE_TYPES.routes)?.version;

describe('RoutePacer (CONTRACT §D: batch RDS changes)', () => {
  it('holds unedited route tables back until the interval is over', () => {
    const pacer = new RoutePacer(10_000);
    assert.equal(pacer.offer(withBackstop(1), true, 0).againAtMs, null);
    const early = pacer.offer(withBackstop(2), false, 4_000);
    assert.equal(routes(early.serve), routes(withBackstop(1)));
    assert.equal(early.againAtMs, 10_000);
    const later = pacer.offer(withBackstop(3), false, 10_000);
    assert.equal(routes(later.serve), routes(withBackstop(3)));
    assert.equal(pacer.offer(withBackstop(4), false, 19_999).againAtMs, 20_000, 'counts from the last change');
  });

  it('lets an edit pass at once, and a new edge', () => {
    const pacer = new RoutePacer(10_000);
    pacer.offer(withBackstop(1), true, 0);
    assert.equal(routes(pacer.offer(withBackstop(2), true, 1).serve), routes(withBackstop(2)));
    const grown = buildSnapshot(planOf(servicePlan('payment', { edges: [edgePlan('batch', 'payment')] })));
    assert.equal(pacer.offer(grown, false, 2).serve, grown);
  });

  it('holds nothing but the route tables back', () => {
    const pacer = new RoutePacer(10_000);
    pacer.offer(withBackstop(1), true, 0);
    const { serve } = pacer.offer(withBackstop(2, 700), false, 1);
    assert.equal(routes(serve), routes(withBackstop(1)));
    assert.equal(
      serve.sets.get(RESOURCE_TYPES.cluster)?.version,
      withBackstop(2, 700).sets.get(RESOURCE_TYPES.cluster)?.version,
    );
  });
});
