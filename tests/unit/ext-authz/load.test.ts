import assert from 'node:assert/strict';
import { readTicket, writeTicket } from '../../../core/admission/load-ticket.ts';
import { settleCall } from '../../../ext-authz/sinks/settle-calls.ts';
import { HTTPAccessLogEntry } from '../../../proto/gen/envoy/data/accesslog/v3/accesslog.ts';
import {
  type Answer,
  checkFixture,
  checkoutToPayment,
  INSTANCE,
  leaseOf,
  NODE,
  readAnswer,
  withToken,
} from '../../support/check-fixture.ts';
import { endOfCall } from '../../support/end-of-call.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';

const LIMITS = { cpuMsPerSec: 100, memoryMib: 512, timeoutMs: 1000 };

const setUp = (limits: object = LIMITS) => {
  const fixture = checkFixture();
  const { ledger, clock } = fixture;
  ledger.applyLease(leaseOf(2, [{ ...checkoutToPayment, ...limits }]), clock.monotonicMs());
  const tokenA = signToken(fixture.key, claimsOfA);
  const call = (cpu?: string, memoryMb?: string): Answer =>
    readAnswer(
      fixture.authorizer.answer(
        withToken(tokenA, {
          ...(cpu !== undefined && { 'x-capacity-cpu': cpu }),
          ...(memoryMb !== undefined && { 'x-capacity-memory-mb': memoryMb }),
        }),
      ),
    );
  const ticketOf = (answer: Answer): string => answer.response.dynamicMetadata?.load ?? assert.fail('no ticket');
  const end = (ticket: string, cost = {}) => settleCall(endOfCall(ticket, cost), ledger, INSTANCE, clock.monotonicMs());
  const edge = ledger.find('checkout', 'payment') ?? assert.fail('no edge');
  return { ...fixture, call, ticketOf, end, edge, counts: ledger.loadCounts };
};

describe('load estimates at the sidecar (CONTRACT §D)', () => {
  it('names what a call has reserved in its answer, beside the mark of the access log', () => {
    const { call, ticketOf, edge } = setUp();
    const answer = call('10', '64');
    assert.ok(answer.admitted);
    assert.deepEqual(readTicket(ticketOf(answer)), {
      node: NODE,
      instance: INSTANCE,
      workload: 'checkout',
      service: 'payment',
      id: 1,
    });
    assert.equal(answer.response.dynamicMetadata?.log, 'checkout');
    assert.equal(answer.headers.get('x-capacity-workload'), 'checkout');
    assert.equal(edge.load?.memoryHeldMb, 64);
    assert.equal(edge.admitted, 1);
  });

  it('reserves nothing for a call without estimate, nor where no load is limited', () => {
    const { call, counts } = setUp();
    assert.equal(call().response.dynamicMetadata?.load, undefined);
    assert.equal(counts.open, 0);
    const open = setUp({});
    assert.equal(open.call('1000000000', '5').response.dynamicMetadata?.load, undefined);
    assert.equal(open.edge.load, null);
  });

  it('refuses what does not fit with 429, says when it may, and charges nothing', () => {
    const { call, edge, counts } = setUp();
    assert.ok(call('80').admitted);
    const level = edge.limit.bucket.level;
    const refused = call('70');
    assert.deepEqual(
      [refused.http, refused.body.reason, refused.body.edge],
      [429, 'load-exhausted', 'checkout/payment'],
    );
    assert.equal(refused.body.retryAfterMs, 500, '50 CPU-ms are missing');
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal(refused.headers.get('x-capacity-denied'), 'load-exhausted');
    assert.deepEqual([edge.limit.bucket.level, counts.open, edge.refused.get('load-exhausted')], [level, 1, 1]);
    assert.equal(call('101').body.retryAfterMs, 60_000, 'it never fits');
  });

  it('reserves no load for a call that the rate refuses', () => {
    const { call, edge } = setUp();
    edge.limit.bucket.level = 0;
    assert.equal(call('50', '50').body.reason, 'budget-exhausted');
    assert.deepEqual([edge.load?.cpu.level, edge.load?.memoryHeldMb], [100, 0]);
  });

  it('refuses an estimate that is none with 400, limited or not, after entitlement', () => {
    const bad = [
      '-1',
      'NaN',
      'Infinity',
      '1e3',
      '1000000001',
      '99999999999999999999',
      '5, 6',
      '0x10',
      ' 1',
      '1.',
      '.5',
    ];
    for (const limits of [LIMITS, {}]) {
      const { call, counts } = setUp(limits);
      for (const text of bad) {
        for (const answer of [call(text), call(undefined, text), call('1', text)]) {
          assert.deepEqual([answer.http, answer.body.reason], [400, 'estimate-invalid'], text);
        }
      }
      assert.equal(counts.open, 0);
    }
    const { call, edge } = setUp();
    edge.entitled = false;
    assert.equal(call('-1').body.reason, 'edge-not-entitled');
    assert.ok(setUp().call('0.25', '0').admitted);
  });

  it('settles by the cost that the answer tells, and as estimated where it tells none', () => {
    const { call, ticketOf, end, edge, counts } = setUp();
    const [first, second, third] = [call('40', '100'), call('40', '100'), call('10', '100')].map(ticketOf);
    end(first as string, { cpu: '10', memoryMb: '100' });
    assert.equal(edge.load?.cpu.level, 40);
    end(second as string);
    end(third as string, { cpu: 'nonsense', memoryMb: '-1' });
    assert.deepEqual([edge.load?.cpu.level, edge.load?.memoryHeldMb], [40, 0]);
    assert.deepEqual({ ...counts }, { open: 0, settled: 1, asEstimated: 2, timedOut: 0, unknown: 0 });
  });

  it('counts ends of calls that are over, of earlier runs and of no call, and changes nothing by them', () => {
    const { call, ticketOf, end, edge, counts, ledger, clock } = setUp();
    const ticket = ticketOf(call('40', '100'));
    end(ticket, { cpu: 40 });
    end(ticket, { cpu: 4000 });
    const late = ticketOf(call('0', '100'));
    clock.advance(LIMITS.timeoutMs);
    ledger.freeTimedOut(clock.monotonicMs());
    end(late, { memoryMb: 4000 });
    end(writeTicket({ node: NODE, instance: 'run-0', workload: 'checkout', service: 'payment', id: 1 }));
    end(writeTicket({ node: NODE, instance: INSTANCE, workload: 'nobody', service: 'payment', id: 1 }));
    end('garbage');
    settleCall(HTTPAccessLogEntry.fromPartial({}), ledger, INSTANCE, 0);
    assert.deepEqual({ ...counts }, { open: 0, settled: 1, asEstimated: 0, timedOut: 1, unknown: 6 });
    assert.equal(edge.load?.memoryHeldMb, 0);
  });

  it('tells by how much calls in flight may exceed what they reserved', () => {
    const { call, ticketOf, end, ledger } = setUp();
    const ticket = ticketOf(call('10', '100'));
    assert.deepEqual(ledger.overAdmissionMax(), { cpu: 30, memoryMb: 300, operations: 0 }, 'four times the estimate');
    end(ticket);
    assert.deepEqual(ledger.overAdmissionMax(), { cpu: 0, memoryMb: 0, operations: 0 });
  });

  it('keeps what is in flight when a lease lifts the limit, and when it comes back', () => {
    const { call, ticketOf, end, ledger, clock, edge, counts } = setUp();
    const ticket = ticketOf(call('10', '300'));
    const leaseWith = (limits: object, seq: number) =>
      ledger.applyLease(leaseOf(seq, [{ ...checkoutToPayment, ...limits }]), clock.monotonicMs());
    leaseWith({}, 3);
    const unlimited = call('10', '300');
    assert.deepEqual([unlimited.admitted, unlimited.response.dynamicMetadata?.load], [true, undefined]);
    leaseWith(LIMITS, 4);
    assert.equal(call('10', '300').body.reason, 'load-exhausted', 'the first call still holds 300 of 512 MiB');
    end(ticket);
    assert.deepEqual([edge.load?.memoryHeldMb, counts.open], [0, 0]);
  });
});
