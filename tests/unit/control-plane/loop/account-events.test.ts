import { deepEqual } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { AccountEvents } from '../../../../control-plane/loop/account-events.ts';
import type { AccountEvent } from '../../../../control-plane/state/account.ts';
import type { EventSeries } from '../../../../control-plane/state/event-series.ts';
import type { LedgerStore } from '../../../../control-plane/state/ledger-store.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

describe('events of accounts on their way into the stream', () => {
  let clock: ManualClock;
  let owed: Map<string, AccountEvent[]>;
  let refused: Set<string>;
  /** Numbers in each write, by account. */
  let writes: Record<string, number[]>[];
  let hear: (workload: string) => void;
  let events: AccountEvents;

  const owes = (workload: string, ...numbers: number[]): void => {
    owed.set(workload, [
      ...(owed.get(workload) ?? []),
      ...numbers.map((number) => ({ number, message: `${number}`, wallMs: 0 })),
    ]);
    hear(workload);
  };
  const ledger = {
    workloads: () => [...owed.keys()],
    account: () => ({ events: [] }),
    subscribe: (listener: (workload: string) => void) => {
      hear = listener;
      return () => {};
    },
    unpublishedEvents: (workload: string) => owed.get(workload) ?? [],
    markPublished: (workload: string, last: number) => {
      owed.set(
        workload,
        ledger.unpublishedEvents(workload).filter(({ number }) => number > last),
      );
    },
  };

  beforeEach(() => {
    clock = manualClock(0);
    owed = new Map();
    refused = new Set();
    writes = [];
    events = new AccountEvents({
      ledger: ledger as unknown as LedgerStore,
      series: (workload) => workload as unknown as EventSeries,
      append: async (parts) => {
        const named = parts.map(({ series, events }) => [`${series}`, events.map(({ number }) => number)] as const);
        writes.push(Object.fromEntries(named));
        return named.map(([name]) =>
          refused.has(name) ? { status: 'rejected', reason: 'refused' } : { status: 'fulfilled', value: undefined },
        );
      },
      onPublished: () => {},
      clock,
      logger: quietLogger,
    });
  });
  afterEach(() => events.stop());

  it('are told at once where nothing was told lately, and together what comes soon after that', async () => {
    owes('a', 1);
    deepEqual(writes, [{ a: [1] }]);
    owes('b', 1, 2);
    owes('a', 2);
    await events.drained();
    deepEqual(writes, [{ a: [1] }, { b: [1, 2], a: [2] }]);
  });

  it('wait half a second where the store does not take them, and keep no others back', async () => {
    refused.add('a');
    owes('a', 1);
    owes('b', 1);
    await until(() => owed.get('b')?.length === 0);
    owes('a', 2);
    owes('b', 2);
    await until(() => owed.get('b')?.length === 0);
    deepEqual(writes, [{ a: [1] }, { b: [1] }, { b: [2] }]);
    refused.clear();
    clock.advance(501);
    await events.drained();
    deepEqual(writes.slice(3), [{ a: [1, 2] }]);
  });

  it('are as many in a write as it may hold, the rest in the next ones', async () => {
    const numbers = Array.from({ length: 300 }, (_, index) => index + 1);
    for (const workload of ['a', 'b', 'c', 'd']) owes(workload, ...numbers);
    await events.drained();
    const sizes = writes.map((write) => Object.values(write).reduce((sum, each) => sum + each.length, 0));
    deepEqual(sizes, [300, 512, 388]);
  });
});
