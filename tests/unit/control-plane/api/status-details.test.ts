import { equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { statusDetails } from '../../../../control-plane/api/status-details.ts';

/** As gRPC sends it. */
const sentBytes = (details: string): number => encodeURIComponent(details).length;

describe('the message of a gRPC status', () => {
  it('is the whole message where that fits', () => {
    equal(statusDetails('name: is required\nprio: must be at most 9'), 'name: is required\nprio: must be at most 9');
  });

  it('stays within what clients take, whatever the letters, and counts what it leaves out', () => {
    for (const line of ['workload: must match ^x$', 'жжж: ж', 'x', '"{}"'.repeat(20)]) {
      const told = statusDetails(Array.from({ length: 9000 }, () => line).join('\n'));
      ok(sentBytes(told) <= 6100, `${sentBytes(told)} bytes`);
      const lines = told.split('\n');
      equal(Number(/^… and (\d+) more$/.exec(lines.at(-1) ?? '')?.[1]) + lines.length - 1, 9000);
    }
  });

  it('tells how a line begins that does not fit', () => {
    const told = statusDetails(`path: ${'ж'.repeat(100_000)}`);
    match(told, /^path: ж+ …$/);
    ok(sentBytes(told) <= 6100, `${sentBytes(told)} bytes`);
  });
});
