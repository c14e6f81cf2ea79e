import { deepEqual, equal, rejects } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LedgerQuorum } from '../../../../control-plane/leader/ledger-quorum.ts';
import { StoreBusyError } from '../../../../control-plane/state/compare-and-set.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const SUBJECT = 'capmesh.v1.quorum.shop';

/** A copy of the ledger that comes along as it is told. */
class Copy {
  readonly revisions = new Map<string, number>();
  readonly #listeners = new Set<(workload: string) => void>();
  revisionOf = (workload: string): number => this.revisions.get(workload) ?? 0;
  subscribe = (listener: (workload: string) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  apply(workload: string, revision: number): void {
    this.revisions.set(workload, revision);
    for (const listener of this.#listeners) listener(workload);
  }
}

describe('LedgerQuorum (CONTRACT §D, C_gauge)', () => {
  let messages: PlainMessages;
  let ledger: Copy;
  let members: number;
  let quorum: LedgerQuorum;

  const started = (timeoutMs?: number): LedgerQuorum =>
    new LedgerQuorum({
      connection: messages.connection,
      mesh: 'shop',
      self: { replica: 'a', process: 'a-1' },
      ledger,
      members: () => members,
      logger: quietLogger,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  const sent = () =>
    messages.sent.map(({ subject, data }) => ({ subject, ...JSON.parse(Buffer.from(data).toString()) }));
  const hear = (subject: string, told: object) =>
    messages.deliver({ subject, data: Buffer.from(JSON.stringify(told)) });
  const answer = (replica: string, revisions: object) =>
    hear(`${SUBJECT}.a-1`, { replica, process: `${replica}-1`, revisions });

  beforeEach(() => {
    messages = new PlainMessages();
    ledger = new Copy();
    members = 3;
    quorum = started();
    ledger.apply('checkout', 7);
  });
  afterEach(() => quorum.stop());

  it('waits for nobody where this replica alone is enough', async () => {
    members = 1;
    deepEqual(await quorum.agreed('checkout', 1), { reached: true, applied: 1, needed: 1 });
    deepEqual(messages.sent, []);
  });

  it('asks all others once for what waits together, and goes on when enough have it', async () => {
    const [half, all] = [quorum.agreed('checkout', 0.5), quorum.agreed('checkout', 1)];
    await until(() => messages.sent.length > 0);
    deepEqual(sent(), [{ subject: SUBJECT, replica: 'a', process: 'a-1', revisions: { checkout: 7 } }]);
    await answer('b', { checkout: 9 });
    deepEqual(await half, { reached: true, applied: 2, needed: 2 });
    await answer('c', { checkout: 7 });
    deepEqual(await all, { reached: true, applied: 3, needed: 3 });
  });

  it('counts no replica twice, and none that is behind or tells of another account', async () => {
    quorum.stop();
    quorum = started(40);
    const outcome = quorum.agreed('checkout', 1);
    await answer('b', { checkout: 7 });
    await answer('b', { checkout: 8 });
    await answer('c', { checkout: 6, batch: 9 });
    deepEqual(await outcome, { reached: false, applied: 2, needed: 3 });
  });

  it('tells others what they wait for: at once, or as soon as it has come', async () => {
    await hear(SUBJECT, { replica: 'b', process: 'b-1', revisions: { checkout: 7, batch: 3 } });
    await until(() => messages.sent.length === 1);
    const told = { subject: `${SUBJECT}.b-1`, replica: 'a', process: 'a-1' };
    deepEqual(sent(), [{ ...told, revisions: { checkout: 7 } }]);
    ledger.apply('batch', 2);
    ledger.apply('batch', 4);
    await until(() => messages.sent.length === 2);
    deepEqual(sent()[1], { ...told, revisions: { batch: 4 } });
    ledger.apply('batch', 5);
    await hear(SUBJECT, { replica: 'a', process: 'a-1', revisions: { checkout: 7 } });
    await hear(SUBJECT, { replica: 'c', process: 'c-1', revisions: { checkout: 1 } });
    await until(() => messages.sent.length === 3);
    const toC = { subject: `${SUBJECT}.c-1`, replica: 'a', process: 'a-1', revisions: { checkout: 7 } };
    deepEqual(sent()[2], toC, 'what nobody waits for is not told, nor what this replica asked itself');
  });

  it('takes no more than it can keep, and passes over what it cannot read', async () => {
    quorum.stop();
    quorum = started(60_000);
    const waiting = Array.from({ length: 4096 }, () => quorum.agreed('checkout', 1));
    await rejects(quorum.agreed('checkout', 1), StoreBusyError);
    await messages.deliver({ subject: SUBJECT, data: Buffer.from('no JSON') });
    quorum.stop();
    const outcomes = await Promise.all(waiting);
    equal(outcomes.filter(({ reached }) => reached).length, 0);
  });
});
