import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  createEdgeOverlay,
  type LeasedOverlay,
  overlayRefusal,
  renewOverlay,
} from '../../../../core/admission/edge-overlay.ts';

const leased = (more: Partial<LeasedOverlay>): LeasedOverlay => ({
  overlayExpiresInMs: 30_000,
  shedBelowPrio: 0,
  shedRatio: 0,
  shedRetries: false,
  fenced: false,
  ...more,
});

const overlayOf = (more: Partial<LeasedOverlay>) => {
  const overlay = createEdgeOverlay();
  renewOverlay(overlay, leased(more), 0);
  return overlay;
};

describe('actions on an edge at the sidecar', () => {
  it('sheds a batch call before a call of priority 7, which is never shed', () => {
    const overlay = overlayOf({ shedBelowPrio: 3, shedRatio: 1 });
    assert.equal(overlayRefusal(overlay, 2, false, 0), 'shed-priority');
    assert.equal(overlayRefusal(overlay, 7, false, 0), null);
    assert.equal(overlayRefusal(overlay, 3, false, 0), null);
  });

  it('sheds the ratio exactly: of any n calls in a row, n × ratio to the nearest call', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 300 }), (shedRatio, calls) => {
        const overlay = overlayOf({ shedBelowPrio: 10, shedRatio });
        let shed = 0;
        for (let call = 0; call < calls; call += 1) if (overlayRefusal(overlay, 5, false, 0) !== null) shed += 1;
        assert.ok(Math.abs(shed - shedRatio * calls) <= 1 + 1e-6, `${shed} of ${calls}`);
      }),
    );
  });

  it('keeps what it owes when it is renewed, so that renewing sheds nobody twice and nobody less', () => {
    const overlay = createEdgeOverlay();
    let shed = 0;
    for (let call = 0; call < 100; call += 1) {
      renewOverlay(overlay, leased({ shedBelowPrio: 10, shedRatio: 0.25 }), 0);
      if (overlayRefusal(overlay, 0, false, 0) !== null) shed += 1;
    }
    assert.equal(shed, 25);
  });

  it('sheds retries of every priority and lets first attempts pass', () => {
    const overlay = overlayOf({ shedRetries: true });
    assert.equal(overlayRefusal(overlay, 9, true, 0), 'shed-priority');
    assert.equal(overlayRefusal(overlay, 0, false, 0), null);
  });

  it('fences every call, whatever its priority', () => {
    assert.equal(overlayRefusal(overlayOf({ fenced: true }), 9, false, 0), 'workload-fenced');
  });

  it('ends by itself, and without a term does nothing at all', () => {
    const overlay = overlayOf({ fenced: true });
    assert.equal(overlayRefusal(overlay, 9, false, 29_999), 'workload-fenced');
    assert.equal(overlayRefusal(overlay, 9, false, 30_000), null);
    assert.equal(overlayRefusal(overlayOf({ fenced: true, overlayExpiresInMs: 0 }), 9, false, 0), null);
  });
});
