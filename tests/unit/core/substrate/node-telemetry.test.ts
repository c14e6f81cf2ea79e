import assert from 'node:assert/strict';
import { NodeTelemetry } from '../../../../core/substrate/node-telemetry.ts';
import { fieldsOf } from '../../../../core/substrate/plain-value.ts';
import { counters, frame } from '../../../support/mesh-fixtures.ts';

const payment = (attempts: number, refused = 0) =>
  counters('checkout', 'payment', { attempts, refused: { 'budget-exhausted': refused } });

import { reportedDeltas } from '../../../support/reported-deltas.ts';

describe('node telemetry (MATHS §B0)', () => {
  it('differences cumulative counters; the first frame is only a start', () => {
    const node = new NodeTelemetry('node-1', 0);
    node.accept(frame(1, [payment(100)]), 1000);
    const first = node.take();
    assert.deepEqual(
      [first?.durationSec, first?.edges.length, [...(first?.missing ?? [])]],
      [0, 0, ['checkout/payment']],
    );
    node.accept(frame(2, [payment(150, 7)]), 2000);
    const delta = reportedDeltas(node.take()).get('checkout/payment');
    assert.deepEqual([delta?.attempts, delta?.refused], [50, { 'budget-exhausted': 7 }]);
    assert.equal(node.take(), null);
  });

  it('calls a tick missing where a counter fell, and never clamps it', () => {
    const node = new NodeTelemetry('node-1', 0);
    node.accept(frame(1, [payment(100), counters('batch', 'payment', { attempts: 5 })]), 1000);
    node.take();
    node.accept(frame(2, [payment(20), counters('batch', 'payment', { attempts: 6 })]), 2000);
    const report = node.take();
    assert.deepEqual([...(report?.missing ?? [])], ['checkout/payment']);
    assert.deepEqual([...reportedDeltas(report).keys()], ['batch/payment']);
    node.accept(frame(3, [payment(30)]), 3000);
    assert.equal(reportedDeltas(node.take()).get('checkout/payment')?.attempts, 10);
  });

  it('calls every edge missing after a restart', () => {
    const node = new NodeTelemetry('node-1', 0);
    node.accept(frame(7, [payment(100)]), 1000);
    node.take();
    node.accept(frame(1, [payment(400)], { instance: 'second' }), 2000);
    const report = node.take();
    assert.deepEqual([report?.edges.length, report?.missing.size], [0, 1]);
  });

  it('adds what came before a restart to what came after it, where both are told at once', () => {
    const node = new NodeTelemetry('node-1', 0);
    node.accept(frame(1, [payment(100)]), 1000);
    node.accept(frame(2, [payment(110)]), 2000);
    node.accept(frame(1, [payment(1)], { instance: 'second' }), 3000);
    node.accept(frame(2, [payment(5)], { instance: 'second' }), 4000);
    assert.equal(reportedDeltas(node.take()).get('checkout/payment')?.attempts, 14);
  });

  it('goes on in the middle of a report that it told', () => {
    const node = new NodeTelemetry('node-1', 0);
    const buckets = (count: number) => [0, count, 0, 2 * count];
    const edge = (count: number) => ({ ...payment(10 * count, count), latencyBuckets: buckets(count) });
    node.accept(frame(1, [edge(1)]), 1000);
    node.accept(frame(2, [edge(3)]), 2000);
    const told = NodeTelemetry.fromPlain(JSON.parse(JSON.stringify(node.toPlain())));
    for (const each of [node, told]) each.accept(frame(3, [edge(4)]), 3000);
    const report = told.take();
    assert.deepEqual(report, node.take());
    const delta = reportedDeltas(report).get('checkout/payment');
    assert.deepEqual([delta?.attempts, delta?.refused], [30, { 'budget-exhausted': 3 }]);
    assert.deepEqual(delta?.latencyBuckets, [0, 3, 0, 6]);
  });

  it('leaves a report as it is while the next one is written', () => {
    const node = new NodeTelemetry('node-1', 0);
    const edge = (count: number) => ({ ...payment(10 * count, count), latencyBuckets: [count, 0, count] });
    const accept = (seq: number) => node.accept(frame(seq, [edge(seq * seq)]), 1000 * seq);
    const take = () => reportedDeltas(node.take()).get('checkout/payment');
    accept(1);
    node.take();
    for (let seq = 2; seq < 12; seq += 3) {
      accept(seq);
      const told = take();
      assert.equal(told?.attempts, 10 * (seq ** 2 - (seq - 1) ** 2));
      const before = structuredClone(told);
      accept(seq + 1);
      accept(seq + 2);
      assert.deepEqual(told, before);
      take();
    }
  });

  it('keeps nothing of a frame: whoever gave it may use it again', () => {
    const node = new NodeTelemetry('node-1', 0);
    const latencyBuckets = [0, 5];
    const edge = { ...payment(10), latencyBuckets };
    node.accept(frame(1, [edge]), 1000);
    node.take();
    latencyBuckets[1] = 7;
    node.accept(frame(2, [{ ...edge, attempts: 12 }]), 2000);
    const delta = reportedDeltas(node.take()).get('checkout/payment');
    assert.deepEqual([delta?.attempts, delta?.latencyBuckets], [2, [0, 2]]);
  });

  it('drops duplicates and frames that come late', () => {
    const node = new NodeTelemetry('node-1', 0);
    for (const [seq, attempts] of [
      [1, 0],
      [2, 10],
      [2, 10],
      [4, 30],
      [3, 20],
    ] as const) {
      node.accept(frame(seq, [payment(attempts)]), 1000 * seq);
    }
    const report = node.take();
    assert.equal(reportedDeltas(report).get('checkout/payment')?.attempts, 30);
    assert.equal(report?.durationSec, 3);
    assert.equal(node.droppedFrames, 2);
  });

  it('puts the parts of a frame together, in any order, and drops a frame that stays incomplete', () => {
    const node = new NodeTelemetry('node-1', 0);
    const part = (seq: number, index: number, attempts: number) =>
      frame(seq, [counters(`caller-${index}`, 'payment', { attempts })], { part: index, parts: 2 });
    node.accept(part(1, 0, 0), 1000);
    node.accept(part(1, 1, 0), 1000);
    node.accept(part(2, 0, 50), 2000);
    node.accept(part(3, 1, 20), 3000);
    assert.equal(node.take()?.missing.size, 2);
    node.accept(part(3, 0, 70), 3000);
    const report = node.take();
    assert.deepEqual([...reportedDeltas(report)].map(([key, delta]) => [key, delta.attempts]).sort(), [
      ['caller-0/payment', 70],
      ['caller-1/payment', 20],
    ]);
    assert.equal(report?.durationSec, 2);
    assert.equal(node.droppedFrames, 1);
  });
});

describe('frames that are not as they should be', () => {
  const started = (): NodeTelemetry => {
    const node = new NodeTelemetry('node-1', 0);
    node.accept(frame(1, [payment(100)]), 1000);
    node.take();
    return node;
  };

  it('are dropped where a part is missing when the next frame comes, whole or in parts', () => {
    const node = started();
    node.accept(frame(2, [payment(110)], { part: 0, parts: 2 }), 2000);
    node.accept(frame(3, [payment(130)]), 3000);
    assert.equal(node.droppedFrames, 1);
    assert.equal(reportedDeltas(node.take()).get('checkout/payment')?.attempts, 30);
    node.accept(frame(4, [payment(140)], { part: 0, parts: 2 }), 4000);
    node.accept(frame(5, [payment(150)], { part: 1, parts: 2 }), 5000);
    node.accept(frame(4, [payment(140)], { part: 1, parts: 2 }), 5000);
    assert.equal(node.droppedFrames, 3);
    node.accept(frame(5, [], { part: 0, parts: 2 }), 5000);
    assert.equal(reportedDeltas(node.take()).get('checkout/payment')?.attempts, 20);
  });

  it('are dropped with more parts than a frame may have', () => {
    const node = started();
    node.accept(frame(2, [payment(110)], { part: 0, parts: 257 }), 2000);
    assert.equal(node.droppedFrames, 1);
    assert.equal(node.take(), null);
  });

  it('count for as long as their own clock says where the wall clock jumped meanwhile', () => {
    const node = started();
    node.accept(frame(4, [payment(400)], { endMs: 2_000_000_000_000 }), 4000);
    assert.equal(node.take()?.durationSec, 3);
  });

  it('bring no more edges than a node may have', () => {
    const node = new NodeTelemetry('node-1', 0);
    const many = Array.from({ length: 20_001 }, (_, i) => counters(`w${i}`, 'payment'));
    node.accept(frame(1, many), 1000);
    assert.equal(node.droppedEdges, 1);
  });

  it('cannot be taken up again from a text that holds no counters', () => {
    const told = fieldsOf(started().toPlain());
    const pending = fieldsOf(told.pending);
    assert.throws(() => NodeTelemetry.fromPlain({ ...told, counters: {} }), /a map is missing/);
    assert.throws(() => NodeTelemetry.fromPlain({ ...told, counters: null }), /a map is missing/);
    assert.throws(() => NodeTelemetry.fromPlain({ ...told, pending: { ...pending, missing: [] } }), /a set is missing/);
  });
});
