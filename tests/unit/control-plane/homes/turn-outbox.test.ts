import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TurnOutbox } from '../../../../control-plane/homes/turn-outbox.ts';
import { until } from '../../../support/until.ts';

describe('TurnOutbox', () => {
  const outboxOf = (bytesMax: number) => {
    const sent: string[] = [];
    const outbox = new TurnOutbox((to, message) => sent.push(`${to}: ${Buffer.from(message)}`), bytesMax);
    return { sent, put: (to: string, part: string) => outbox.put(to, Buffer.from(part)) };
  };

  it('sends what is put in within one turn together, to each its own', async () => {
    const { sent, put } = outboxOf(100);
    put('a', 'one ');
    put('b', 'two');
    await Promise.resolve();
    put('a', 'three');
    await until(() => sent.length > 0);
    deepEqual(sent, ['a: one three', 'b: two']);
    put('a', 'four');
    await until(() => sent.length > 2);
    deepEqual(sent.slice(2), ['a: four']);
  });

  it('sends no message that is larger than it may be, in order', async () => {
    const { sent, put } = outboxOf(5);
    for (const part of ['12', '345', '6', '78901', '2']) put('a', part);
    await until(() => sent.length > 0);
    deepEqual(sent, ['a: 12345', 'a: 6', 'a: 78901', 'a: 2']);
  });
});
