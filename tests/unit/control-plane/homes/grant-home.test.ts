import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { GrantHome } from '../../../../control-plane/homes/grant-home.ts';
import { decodeDecided, encodePassed } from '../../../../control-plane/homes/passed-grants.ts';
import { EMPTY_ACCOUNT } from '../../../../control-plane/state/account.ts';
import { StoreBusyError } from '../../../../control-plane/state/compare-and-set.ts';
import type { AdmissionRecord } from '../../../../core/admission/admission-ledger.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../../../core/kernel/admission-scene-of.ts';
import { adoptConfig, createKernel } from '../../../../core/kernel/kernel-state.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { MemoryLedger } from '../../../support/memory-stores.ts';
import { SHOP } from '../../../support/mesh-fixtures.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const WALL_MS = 1_800_000_000_000;
const SUBJECT = 'capmesh.v1.homes.shop.b-1';
const REPLY = 'capmesh.v1.homes.shop.a-1.answers.b-1';
const request = (workload: string, int: number) => ({ workload, vector: { ...UNLIMITED, int }, durationMs: 1500 });

describe('GrantHome', () => {
  let clock: ManualClock;
  let messages: PlainMessages;
  let ledger: MemoryLedger;
  let noted: AdmissionRecord[];
  let home: GrantHome;

  const pass = (...requests: readonly Uint8Array[]) =>
    messages.deliver({ subject: SUBJECT, data: Buffer.concat(requests), reply: REPLY });
  const inTime = () => clock.wallMs() + 1000;
  const answers = async (count: number) => {
    const decided = () => messages.sent.flatMap(({ data }) => decodeDecided(data));
    await until(() => decided().length >= count);
    return decided().map(({ grantId, outcome }) => [grantId, outcome?.$case]);
  };
  const stored = (workload: string) => ledger.account(workload).grants.map(({ jti }) => jti);

  beforeEach(() => {
    clock = manualClock(WALL_MS);
    messages = new PlainMessages();
    ledger = new MemoryLedger();
    noted = [];
    const kernel = createKernel();
    adoptConfig(kernel, SHOP);
    home = new GrantHome({
      connection: messages.connection,
      mesh: 'shop',
      process: 'b-1',
      bytesMax: 1000,
      ledger,
      config: () => SHOP,
      scene: () => admissionSceneOf(kernel),
      note: (record) => noted.push(record),
      newRefusalId: () => 'refusal',
      clock,
      logger: quietLogger,
    });
  });
  afterEach(() => home.stop());

  it('decides into the account, answers in one message and notes what it predicts', async () => {
    await pass(
      encodePassed(request('batch', 0.75), 'g1', inTime()),
      encodePassed(request('batch', 0.5), 'g2', inTime()),
    );
    deepEqual(await answers(2), [
      ['g1', 'admitted'],
      ['g2', 'refused'],
    ]);
    deepEqual([messages.sent.length, messages.sent[0]?.subject], [1, REPLY]);
    deepEqual(stored('batch'), ['g1']);
    deepEqual(
      noted.map(({ id }) => id),
      ['g1'],
    );
  });

  it('does not begin on a request that nobody waits for any more', async () => {
    await pass(encodePassed(request('batch', 0.1), 'late', clock.wallMs()));
    deepEqual(await answers(1), [['late', undefined]]);
    deepEqual([stored('batch'), noted], [[], []]);
  });

  it('answers a grant that is there already, and makes no second one', async () => {
    const passed = encodePassed(request('batch', 0.75), 'g1', inTime());
    await pass(passed);
    await answers(1);
    await pass(passed);
    deepEqual(await answers(2), [
      ['g1', 'admitted'],
      ['g1', 'admitted'],
    ]);
    deepEqual([stored('batch'), noted.length], [['g1'], 1]);
  });

  it('gives no grant again that was given back meanwhile', async () => {
    ledger.accounts.set('batch', { ...EMPTY_ACCOUNT, revoked: [{ jti: 'g1', expiresAtMs: WALL_MS + 9000 }] });
    await pass(encodePassed(request('batch', 0.1), 'g1', inTime()));
    deepEqual(await answers(1), [['g1', undefined]]);
    deepEqual(stored('batch'), []);
  });

  it('leaves what it does not know of, or cannot store, to whoever asked', async () => {
    await pass(encodePassed(request('unheard-of', 0.1), 'g1', inTime()));
    deepEqual(await answers(1), [['g1', undefined]]);
    ledger.update = () => Promise.reject(new Error('the store is away'));
    await pass(encodePassed(request('batch', 0.1), 'g2', inTime()));
    ledger.update = () => Promise.reject(new StoreBusyError('too many'));
    await pass(encodePassed(request('batch', 0.1), 'g3', inTime()));
    deepEqual((await answers(3)).slice(1), [
      ['g2', undefined],
      ['g3', 'busy'],
    ]);
  });

  it('answers what it has before it stops', async () => {
    await pass(encodePassed(request('batch', 0.1), 'g1', inTime()));
    await home.stop();
    equal(messages.sent.length, 1);
  });
});
