import { deepEqual } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { PublishedEvents } from '../../../../control-plane/leader/published-events.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { until } from '../../../support/until.ts';

const SUBJECT = 'capmesh.v1.published.shop';

describe('PublishedEvents', () => {
  let messages: PlainMessages;
  let warned: number;
  let heard: [workload: string, number: number][];
  let published: PublishedEvents;

  beforeEach(() => {
    messages = new PlainMessages();
    warned = 0;
    heard = [];
    published = new PublishedEvents({
      connection: messages.connection,
      mesh: 'shop',
      onPublished: (workload, number) => heard.push([workload, number]),
      logger: {
        warn: () => {
          warned += 1;
        },
      },
    });
  });
  afterEach(() => published.stop());

  it('tells the newest numbers together, and hears those of others', async () => {
    published.tell('checkout', 7);
    published.tell('batch', 3);
    published.tell('checkout', 9);
    await until(() => messages.sent.length > 0);
    const [told] = messages.sent;
    deepEqual([messages.sent.length, told?.subject], [1, SUBJECT]);
    await messages.deliver(told);
    deepEqual(heard, [
      ['checkout', 9],
      ['batch', 3],
    ]);
  });

  it('passes over what it cannot read', async () => {
    for (const data of ['none', '{"checkout":"7"}'])
      await messages.deliver({ subject: SUBJECT, data: Buffer.from(data) });
    await messages.deliver({ subject: SUBJECT, data: Buffer.from('{"batch":4}') });
    deepEqual([heard, warned], [[['batch', 4]], 2]);
  });
});
