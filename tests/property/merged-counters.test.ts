import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { KernelEffect } from '../../core/kernel/kernel-io.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import type { MeshView } from '../../core/kernel/mesh-view.ts';
import { step } from '../../core/kernel/step.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { type EdgeDelta, emptyDelta, mergeDelta } from '../../core/substrate/edge-delta.ts';
import { LATENCY_BUCKET_COUNT } from '../../core/substrate/latency-buckets.ts';
import { NodeTelemetry } from '../../core/substrate/node-telemetry.ts';
import type { EdgeCounters, TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import { differences } from '../golden/golden-file.ts';
import { differenceEdge } from '../support/difference-edge.ts';
import { counters, frame, SHOP } from '../support/mesh-fixtures.ts';
import { reportedDeltas } from '../support/reported-deltas.ts';

const EDGES = [...SHOP.budgets.values()];
const ROUNDING = { rel: 1e-9, abs: 1e-9 };
const NODES = ['node-1', 'node-2', 'node-3'];
const whole = (max: number) => fc.nat({ max });
const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });

/** What one edge did in one second on one node. */
const second = fc.record({
  calls: whole(400),
  refused: whole(20),
  failures: whole(5),
  retries: whole(5),
  inFlight: whole(30),
  bucket: fc.integer({ min: 1, max: LATENCY_BUCKET_COUNT - 1 }),
  level: whole(50),
});
type Second = typeof second extends fc.Arbitrary<infer T> ? T : never;

/** Counters that have gone on for one second. */
const counted = (before: EdgeCounters, did: Second): EdgeCounters => ({
  ...before,
  offered: before.offered + did.calls + did.refused,
  admitted: before.admitted + did.calls,
  refused: { 'budget-exhausted': (before.refused['budget-exhausted'] ?? 0) + did.refused },
  attempts: before.attempts + did.calls,
  failures: before.failures + Math.min(did.failures, did.calls),
  retries: before.retries + Math.min(did.retries, did.calls),
  inFlight: did.inFlight,
  admittedLevelMax: did.level,
  latencyBuckets: before.latencyBuckets.map((count, k) => count + (k === did.bucket ? did.calls : 0)),
  latencySumMs: before.latencySumMs + did.calls * 2 ** Math.floor(did.bucket / 8),
});

/** Seconds of all nodes: by second, node and edge. */
const story = fc.array(fc.tuple(...NODES.map(() => fc.tuple(...EDGES.map(() => second)))), {
  minLength: 3,
  maxLength: 8,
});

/** The frames that the nodes send, second by second. */
function framesOf(seconds: readonly (readonly (readonly Second[])[])[]): TelemetryFrame[][] {
  const totals = NODES.map(() => EDGES.map(({ workload, service }) => counters(workload, service)));
  return seconds.map((nodes, sec) =>
    nodes.map((edges, n) => {
      const total = totals[n] ?? [];
      edges.forEach((did, e) => {
        const before = total[e];
        if (before !== undefined) total[e] = counted(before, did);
      });
      return frame(sec + 1, [...total], { node: NODES[n] ?? '' });
    }),
  );
}

/** A kernel's view and what it published, after all of it; nodes by name, for they have no order. */
function played(seconds: readonly (readonly TelemetryFrame[])[]): { view: MeshView; effects: unknown[] } {
  const kernel = createKernel();
  const effects: KernelEffect[] = [...step(kernel, { kind: 'config', config: SHOP }).effects];
  seconds.forEach((frames, sec) => {
    const nowMs = 1000 * (sec + 1);
    for (const one of frames) effects.push(...step(kernel, { kind: 'frame', frame: one, nowMs }).effects);
    effects.push(...step(kernel, { kind: 'tick', nowMs, wallMs: nowMs }).effects);
  });
  const byNode = (a: { readonly node: string }, b: { readonly node: string }) => (a.node < b.node ? -1 : 1);
  const view = viewOf(kernel, 1000 * seconds.length);
  return {
    view: { ...view, nodes: [...view.nodes].sort(byNode) },
    effects: effects.map((effect) =>
      effect.kind === 'publish-leases'
        ? { ...effect, leases: [...effect.leases].sort((a: LeasePlan, b: LeasePlan) => byNode(a, b)) }
        : effect,
    ),
  };
}

const deltas: fc.Arbitrary<EdgeDelta> = second.map((did) => {
  const delta = differenceEdge(undefined, counted(counters('a', 's'), did));
  assert.ok(delta);
  return delta;
});

const merged = (parts: readonly EdgeDelta[]): EdgeDelta => {
  const total = emptyDelta();
  for (const part of parts) mergeDelta(total, part);
  return total;
};

describe('counters of several nodes do not depend on the order in which they come', function () {
  this.timeout(60_000);

  it('differences of nodes add up field by field', () => {
    const several = fc.array(deltas, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        several.chain((parts) => fc.tuple(fc.constant(parts), shuffled(parts))),
        ([parts, others]) => {
          const total = merged(parts);
          assert.deepEqual(merged(others), total);
          for (const field of [
            'offered',
            'admitted',
            'attempts',
            'failures',
            'inFlight',
            'admittedLevelMax',
          ] as const) {
            assert.equal(
              total[field],
              parts.reduce((sum, part) => sum + part[field], 0),
              field,
            );
          }
          total.latencyBuckets.forEach((answers, k) => {
            assert.equal(
              answers,
              parts.reduce((sum, part) => sum + (part.latencyBuckets[k] ?? 0), 0),
            );
          });
        },
      ),
    );
  });

  it('parts of a frame make the same report in any order', () => {
    const parted = fc
      .tuple(fc.array(second, { minLength: 2, maxLength: 8 }), fc.integer({ min: 2, max: 4 }))
      .chain(([edges, parts]) => fc.tuple(fc.constant(edges), fc.constant(parts), shuffled([...Array(parts).keys()])));
    fc.assert(
      fc.property(parted, ([edges, parts, order]) => {
        const start = edges.map((_, e) => counters(`w${e}`, 's'));
        const end = edges.map((did, e) => counted(counters(`w${e}`, 's'), did));
        const reportOf = (frames: readonly TelemetryFrame[]) => {
          const node = new NodeTelemetry('node-1', 0);
          node.accept(frame(1, start), 1000);
          for (const one of frames) node.accept(one, 2000);
          assert.equal(node.droppedFrames, 0);
          const report = node.take();
          return report && { ...report, edges: Object.fromEntries(reportedDeltas(report)) };
        };
        const pieces = order.map((part) =>
          frame(
            2,
            end.filter((_, e) => e % parts === part),
            { part, parts },
          ),
        );
        const wanted = reportOf([frame(2, end)]);
        assert.deepEqual(reportOf(pieces), wanted);
        assert.equal(reportOf(pieces.slice(1))?.durationSec, 0, 'a frame without one of its parts counts');
      }),
    );
  });

  it('a kernel decides the same, whichever node reports first', () => {
    const shuffledStory = story.chain((seconds) => {
      const frames = framesOf(seconds);
      return fc.tuple(fc.constant(frames), fc.tuple(...frames.map((nodes) => shuffled(nodes))));
    });
    fc.assert(
      fc.property(shuffledStory, ([frames, others]) => {
        const [once, other] = [played(frames), played(others)];
        // Sums of fractions differ in their last bits by the order in which they are taken.
        assert.deepEqual(differences(other, once, ROUNDING), []);
        assert.deepEqual(differences(once, other, ROUNDING), []);
      }),
      { numRuns: 25 },
    );
  });
});
