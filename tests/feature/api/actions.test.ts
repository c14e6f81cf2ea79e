import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CANCELLED_MAX } from '../../../control-plane/state/order-store.ts';
import type { ActionView } from '../../../core/kernel/mesh-view.ts';
import { SetActionControlRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { actionRecord } from '../../support/action-records.ts';
import { type ApiFixture, grpcCall, startApi } from '../../support/api-fixture.ts';

const limit: ActionView = { ...actionRecord(), service: 'payment' };
const PAUSED = { safeMode: false, pausedUntilMs: 1_800_000_060_000 };
const seconds = (count: number) => ({ seconds: count, nanos: 0 });

describe('orders about actions over both doors', () => {
  let api: ApiFixture;
  beforeEach(async () => {
    api = await startApi();
    api.actions = [limit];
  });
  afterEach(() => api.stop());

  const set = (request: Parameters<typeof SetActionControlRequest.fromPartial>[0], token?: string | null) =>
    grpcCall(api.admin, api.admin.setActionControl, SetActionControlRequest.fromPartial(request), token);
  const patch = (body: unknown) => api.rest('PATCH', '/v1/actions/control', { body });
  const paths = (problems: { path: string }[]): string[] => problems.map(({ path }) => path);

  it('pauses for a while from now on, resumes, and says so in the status', async () => {
    deepEqual(await set({ pauseFor: seconds(60) }), { safeMode: false, pausedUntil: seconds(1_800_000_060) });
    deepEqual(api.orders.orders.control, PAUSED);
    deepEqual((await grpcCall(api.admin, api.admin.getStatus, {})).control?.pausedUntil, seconds(1_800_000_060));
    equal((await api.rest('GET', '/v1/actions')).body.control.pausedUntil, '2027-01-15T08:01:00.000Z');
    api.clock.advance(60_000);
    equal((await grpcCall(api.admin, api.admin.getStatus, {})).control?.pausedUntil, undefined, 'it is over');
    const again = await patch({ pauseFor: '90s' });
    deepEqual([again.status, again.body.pausedUntil], [200, '2027-01-15T08:02:30.000Z']);
    deepEqual((await patch({ resume: true })).body, { safeMode: false });
  });

  it('switches safe mode and leaves a pause as it is', async () => {
    await set({ pauseFor: seconds(60) });
    equal((await patch({ safeMode: true })).body.safeMode, true);
    deepEqual(api.orders.orders.control, { ...PAUSED, safeMode: true });
    equal((await set({ safeMode: false })).safeMode, false);
    deepEqual(api.orders.orders.control, PAUSED);
  });

  it('names every mistake of a request with its path, and stores nothing', async () => {
    for (const body of [{ pauseFor: '0.5s' }, { pauseFor: '86401s' }]) {
      const { status: code, body: answer } = await patch(body);
      deepEqual([code, paths(answer.problems)], [400, ['pauseFor']]);
    }
    const both = await patch({ pauseFor: '0.5s', resume: true });
    deepEqual([both.status, paths(both.body.problems)], [400, ['pauseFor', 'resume']]);
    deepEqual(paths((await patch({})).body.problems), ['safeMode']);
    deepEqual(paths((await patch({ safeMode: 'yes', pause: 1 })).body.problems), ['safeMode', 'pause']);
    await rejects(set({ pauseFor: seconds(86_401), resume: true }), (error: { code: number; details: string }) => {
      equal(error.code, status.INVALID_ARGUMENT);
      match(error.details, /^pauseFor: must be at most 86400 s\nresume: cannot go together with pauseFor$/);
      return true;
    });
    deepEqual(api.orders.orders.control, { safeMode: false, pausedUntilMs: 0 });
  });

  it('cancels a running action by its id, and knows no other', async () => {
    const { action } = await grpcCall(api.admin, api.admin.cancelAction, { id: limit.id });
    deepEqual([action?.kind, action?.service, action?.ratio], ['limit-concurrency', 'payment', 2.31]);
    const again = await api.rest('DELETE', `/v1/actions/${limit.id}`);
    deepEqual([again.status, again.body.action.id], [200, limit.id]);
    deepEqual(api.orders.orders.cancelled, [limit.id], 'once');
    const unknown = await api.rest('DELETE', '/v1/actions/nobody');
    deepEqual([unknown.status, unknown.body.code, paths(unknown.body.problems)], [404, 'not-found', ['id']]);
    await rejects(grpcCall(api.admin, api.admin.cancelAction, { id: 'nobody' }), {
      code: status.NOT_FOUND,
      details: 'id: no action "nobody" is running',
    });
    for (const id of ['', 'x'.repeat(65)]) {
      await rejects(grpcCall(api.admin, api.admin.cancelAction, { id }), { code: status.INVALID_ARGUMENT });
    }
  });

  it('remembers a bounded number of cancelled actions, the newest ones', async () => {
    for (let i = 0; i < CANCELLED_MAX + 3; i++) {
      api.actions = [{ ...limit, id: `a${i}` }];
      await grpcCall(api.admin, api.admin.cancelAction, { id: `a${i}` });
    }
    equal(api.orders.orders.cancelled.length, CANCELLED_MAX);
    equal(api.orders.orders.cancelled.at(-1), `a${CANCELLED_MAX + 2}`);
  });

  it('obeys nobody without the admin token', async () => {
    await rejects(set({ safeMode: true }, null), { code: status.UNAUTHENTICATED });
    for (const [method, path] of [
      ['GET', '/v1/actions'],
      ['PATCH', '/v1/actions/control'],
      ['DELETE', `/v1/actions/${limit.id}`],
    ] as const) {
      equal((await api.rest(method, path, { token: null })).status, 401, path);
    }
    deepEqual(api.orders.orders, { control: { safeMode: false, pausedUntilMs: 0 }, cancelled: [] });
  });

  it('reads stored events of the last while, to their end, about one service', async () => {
    const read = await api.rest('GET', '/v1/events?sinceMs=60000&storedOnly&service=payment');
    equal(read.status, 200);
    const { sinceWallMs, storedOnly, service } = api.filters[0] ?? {};
    deepEqual([sinceWallMs, storedOnly, service], [1_799_999_940_000, true, 'payment']);
    const bad = await api.rest('GET', '/v1/events?sinceMs=soon&after=x');
    deepEqual([bad.status, paths(bad.body.problems)], [400, ['after', 'sinceMs']]);
    const tooFar = await api.rest('GET', '/v1/events?sinceMs=604800001');
    deepEqual([tooFar.status, paths(tooFar.body.problems)], [400, ['sinceMs']]);
  });
});
