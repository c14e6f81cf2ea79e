import assert from 'node:assert/strict';
import { eventLine } from '../../../cli/output/event-line.ts';
import { formatDuration } from '../../../cli/output/format-duration.ts';
import { formatNumber } from '../../../cli/output/format-number.ts';
import { table } from '../../../cli/output/table.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { LIMIT } from '../../support/action-records.ts';

describe('table', () => {
  it('makes columns as wide as their widest cell, numbers at the right, no trailing spaces', () => {
    const rows = [
      { name: 'checkout', rps: '5' },
      { name: 'b', rps: '266.7' },
    ];
    const lines = table(rows, [
      { title: 'NAME', value: (row) => row.name },
      { title: 'RPS', value: (row) => row.rps, right: true },
      { title: 'NOTE', value: () => '' },
    ]);
    assert.deepEqual(lines, ['NAME        RPS  NOTE', 'checkout      5', 'b         266.7']);
  });
});

describe('formatNumber', () => {
  it('shows as many digits as say something', () => {
    assert.deepEqual([266.6667, 0.8, 1200, 0, 12.3456, null, undefined, Number.NaN].map(formatNumber), [
      '266.7',
      '0.8',
      '1200',
      '0',
      '12.346',
      '–',
      '–',
      'NaN',
    ]);
  });
});

describe('formatDuration', () => {
  it('shows the two largest units that say something', () => {
    assert.deepEqual([-5, 440, 42_000, 59_600, 185_000, 7_800_000, 3_600_000].map(formatDuration), [
      '0 s',
      '0.4 s',
      '42 s',
      '1 min',
      '3 min 5 s',
      '2 h 10 min',
      '1 h',
    ]);
  });
});

describe('eventLine', () => {
  it('tells an action with its size, cause and end', () => {
    const event = CapacityEvent.fromPartial({
      kind: 'action',
      service: 'payment',
      sequence: 9,
      timestamp: { seconds: 1_800_000_000, nanos: 0 },
      actionTaken: { ...LIMIT, id: 'a1', shadow: true, expiresAt: { seconds: 1_800_000_030, nanos: 0 } },
    });
    assert.equal(
      eventLine(event),
      '2027-01-15T08:00:00.000Z  #9  action  payment  limit-concurrency on payment started: 12 calls in flight; fit u 2.31, threshold 1, window 10 s; until 2027-01-15T08:00:30.000Z; shadow: nothing is enforced; id a1',
    );
  });
});
