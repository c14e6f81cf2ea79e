import { deepEqual, equal, rejects } from 'node:assert/strict';
import { headers } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { GrantPasser, PASSED_OVER_MS, SILENT_MS, WAIT_MAX_MS } from '../../../../control-plane/homes/grant-passer.ts';
import type { ReplicaProcess } from '../../../../control-plane/homes/home-of.ts';
import { decodePassed, encodeDecided } from '../../../../control-plane/homes/passed-grants.ts';
import { StoreBusyError } from '../../../../control-plane/state/compare-and-set.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const WALL_MS = 1_800_000_000_000;
const ANSWERS = 'capmesh.v1.homes.shop.a-1.answers';
const REQUEST = { workload: 'batch', vector: { ...UNLIMITED, int: 0.25 }, durationMs: 1500 };

describe('GrantPasser', () => {
  let clock: ManualClock;
  let messages: PlainMessages;
  let homes: ReplicaProcess[];
  let isReachable: boolean;
  let passer: GrantPasser;

  /** The other replica says something, or the server in its place. */
  const hear = (data: Uint8Array, more: object = {}) =>
    messages.deliver({ subject: `${ANSWERS}.b-1`, data, ...more }, `${ANSWERS}.*`);
  const passed = () => messages.sent.flatMap(({ data }) => decodePassed(data).map(({ grantId }) => grantId));
  const admitted = { generation: 2, conditional: true, issuedAtMs: 7000, expiresAtMs: 9000 };

  beforeEach(() => {
    clock = manualClock(WALL_MS);
    messages = new PlainMessages();
    homes = [{ replica: 'b', process: 'b-1' }];
    isReachable = true;
    passer = new GrantPasser({
      connection: messages.connection,
      mesh: 'shop',
      bytesMax: 1000,
      self: { replica: 'a', process: 'a-1' },
      homes: () => homes,
      isReachable: () => isReachable,
      clock,
      logger: quietLogger,
    });
  });
  afterEach(() => passer.stop());

  it('passes what comes together on in one message, and answers what the home decided', async () => {
    const answers = [passer.ask(REQUEST, 'g1'), passer.ask(REQUEST, 'g2')];
    await until(() => messages.sent.length > 0);
    deepEqual(
      messages.sent.map(({ subject, reply }) => [subject, reply]),
      [['capmesh.v1.homes.shop.b-1', `${ANSWERS}.b-1`]],
    );
    deepEqual(decodePassed(messages.sent[0]?.data ?? new Uint8Array())[0], {
      grantId: 'g1',
      workloadId: 'batch',
      capacityVector: { cGeo: undefined, cInt: 0.25, cGauge: undefined, cPtr: undefined, cObs: undefined },
      durationMs: 1500,
      untilMs: WALL_MS + WAIT_MAX_MS,
    });
    const available = { cGeo: undefined, cInt: 0.1, cGauge: undefined, cPtr: undefined, cObs: undefined };
    const refused = {
      gatesFailed: ['fit'],
      bindingAxes: ['int'],
      available,
      message: 'too much',
      retryAfterMs: 12.5,
    };
    await hear(encodeDecided('g2', { $case: 'refused', value: refused }));
    await hear(encodeDecided('g1', { $case: 'admitted', value: admitted }));
    deepEqual(await Promise.all(answers), [
      {
        admitted: true,
        grant: { jti: 'g1', vector: REQUEST.vector, issuedAtMs: 7000, expiresAtMs: 9000 },
        conditional: true,
        generation: 2,
        assessment: null,
      },
      { ...refused, admitted: false, available: { ...UNLIMITED, int: 0.1 }, assessment: null },
    ]);
    deepEqual([passer.passed, passer.takenBack], [2, 0]);
  });

  it('leaves to this replica what is at home here, and all where nobody can be reached', async () => {
    homes = [{ replica: 'a', process: 'a-1' }];
    equal(await passer.ask(REQUEST, 'g1'), null);
    homes = [];
    equal(await passer.ask(REQUEST, 'g2'), null);
    homes = [{ replica: 'b', process: 'b-1' }];
    isReachable = false;
    equal(await passer.ask(REQUEST, 'g3'), null);
    deepEqual([messages.sent, passer.passed], [[], 0]);
  });

  it('takes all back at once from a home that is not there, and passes it over for a while', async () => {
    const answer = passer.ask(REQUEST, 'g1');
    await hear(new Uint8Array(), { headers: headers(503, 'No Responders') });
    equal(await answer, null);
    equal(await passer.ask(REQUEST, 'g2'), null);
    clock.advance(PASSED_OVER_MS);
    void passer.ask(REQUEST, 'g3');
    await until(() => passed().includes('g3'));
    deepEqual([passed(), passer.passed, passer.takenBack], [['g1', 'g3'], 2, 1]);
  });

  it('takes all back from a home that is silent; what it answers late counts for nothing', async () => {
    const answer = passer.ask(REQUEST, 'g1');
    clock.advance(SILENT_MS);
    equal(await answer, null);
    await hear(encodeDecided('g1', { $case: 'admitted', value: admitted }));
    equal(await passer.ask(REQUEST, 'g2'), null, 'it is passed over');
    equal(passer.takenBack, 1);
  });

  it('takes back only what waits too long where the home answers others', async () => {
    const [slow, quick] = [passer.ask(REQUEST, 'slow'), passer.ask(REQUEST, 'quick')];
    clock.advance(SILENT_MS - 1);
    await hear(encodeDecided('quick', { $case: 'admitted', value: admitted }));
    equal((await quick)?.admitted, true);
    const later = passer.ask(REQUEST, 'later');
    clock.advance(SILENT_MS - 1);
    await hear(encodeDecided('unknown', undefined));
    clock.advance(WAIT_MAX_MS - 2 * (SILENT_MS - 1));
    equal(await slow, null);
    await hear(encodeDecided('later', { $case: 'admitted', value: admitted }));
    equal((await later)?.admitted, true);
    equal(passer.takenBack, 1);
  });

  it('takes back what the home cannot decide, and tells when too many wait there', async () => {
    const [undecided, busy] = [passer.ask(REQUEST, 'g1'), passer.ask(REQUEST, 'g2')];
    await hear(encodeDecided('g1', undefined));
    const refused = rejects(busy, new StoreBusyError('too many'));
    await hear(encodeDecided('g2', { $case: 'busy', value: 'too many' }));
    equal(await undecided, null);
    await refused;
    deepEqual([passer.passed, passer.takenBack], [2, 1]);
  });
});
