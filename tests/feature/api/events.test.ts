import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { type ClientReadableStream, Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { WatchEventsRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { ADMIN_TOKEN, type ApiFixture, startApi } from '../../support/api-fixture.ts';

describe('the event stream at both doors', () => {
  let api: ApiFixture;

  beforeEach(async () => {
    api = await startApi();
    for (const sequence of [1, 2, 3]) {
      const event = {
        workloadId: 'checkout',
        kind: 'grant',
        message: `m${sequence}`,
        sequence,
        id: `checkout.${sequence}`,
      };
      api.events.push(CapacityEvent.fromPartial(event));
    }
  });
  afterEach(() => api.stop());

  const watch = (request: Partial<WatchEventsRequest>): ClientReadableStream<CapacityEvent> => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${ADMIN_TOKEN}`);
    return api.admin.watchEvents(WatchEventsRequest.fromPartial(request), metadata);
  };
  const read = async (stream: ClientReadableStream<CapacityEvent>): Promise<string[]> => {
    const seen: string[] = [];
    for await (const { sequence, id } of stream as AsyncIterable<CapacityEvent>) seen.push(`${sequence} ${id}`);
    return seen;
  };

  it('gRPC tells events behind a sequence, and that sequence first', async () => {
    const stream = watch({ afterSequence: 1 });
    const head = new Promise<Metadata>((resolve) => stream.on('metadata', resolve));
    deepEqual(await read(stream), ['2 checkout.2', '3 checkout.3']);
    deepEqual((await head).get('capmesh-after-sequence'), ['1']);
  });

  it('both take the same filters', async () => {
    const filter = { workload: 'checkout', gate: 'uv', action: 'cut-burst', service: 'payment', storedOnly: true };
    await read(watch({ ...filter, afterSequence: 3 }));
    await api.rest('GET', '/v1/events?workload=checkout&gate=uv&action=cut-burst&service=payment&storedOnly&after=3');
    await api.rest('GET', '/v1/events?fromStart');
    const asked = { fromStart: false, sinceMs: 0, sinceWallMs: null, afterSequence: 3, ...filter };
    deepEqual(api.filters.slice(0, 2), [asked, asked]);
    equal(api.filters[2]?.fromStart, true);
  });

  it('both refuse names that could widen what is read', async () => {
    for (const [field, value] of [
      ['workload', '*'],
      ['workload', 'a.b'],
      ['action', '>'],
    ] as const) {
      await rejects(read(watch({ [field]: value })), { code: status.INVALID_ARGUMENT });
      equal((await api.rest('GET', `/v1/events?${field}=${encodeURIComponent(value)}`)).status, 400);
    }
  });

  it('both say so where events behind the sequence are gone', async () => {
    api.oldestEvent = 3;
    await rejects(read(watch({ afterSequence: 1 })), { code: status.OUT_OF_RANGE, details: /events 2 to 2 are gone/ });
    const refused = await api.rest('GET', '/v1/events', { headers: { 'last-event-id': '1' } });
    deepEqual([refused.status, refused.body.code], [410, 'gone']);
    match(refused.body.message, /or after 2$/);
    deepEqual(await read(watch({ afterSequence: 2 })), ['3 checkout.3']);
  });
});
