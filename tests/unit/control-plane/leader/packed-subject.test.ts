import { deepEqual } from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { PackedSender } from '../../../../control-plane/leader/packed-subject.ts';
import { unpackJson } from '../../../../control-plane/state/packed-json.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { until } from '../../../support/until.ts';

describe('packed values under a subject', () => {
  let messages: PlainMessages;
  let warnings: number;
  let sender: PackedSender;

  const sent = (): Promise<unknown[]> => Promise.all(messages.sent.map(({ data }) => unpackJson(data)));

  beforeEach(() => {
    messages = new PlainMessages();
    warnings = 0;
    sender = new PackedSender(messages.connection, 'here', 1000, { warn: () => warnings++ });
  });

  it('are left out where a newer one has come before they were packed', async () => {
    for (const value of ['first', 'second', 'third']) sender.send(value);
    await until(() => messages.sent.length === 2);
    deepEqual(await sent(), ['first', 'third']);
  });

  it('all go out where each is of use', async () => {
    await Promise.all(['first', 'second', 'third'].map((value) => sender.sendEach(value)));
    deepEqual((await sent()).toSorted(), ['first', 'second', 'third']);
  });

  it('end with the last one', async () => {
    sender.send('first');
    sender.send('second');
    await sender.last('end');
    await until(() => messages.sent.length === 2);
    deepEqual((await sent()).toSorted(), ['end', 'first']);
  });

  it('are not sent, and said to be so, where they are too large', async () => {
    await sender.sendEach(Array.from({ length: 1000 }, (_, index) => index * Math.E));
    deepEqual([messages.sent, warnings], [[], 1]);
  });
});
