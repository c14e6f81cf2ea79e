import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { AccountHomes } from '../../../../control-plane/homes/account-homes.ts';
import { encodePassed } from '../../../../control-plane/homes/passed-grants.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../../../core/kernel/admission-scene-of.ts';
import { adoptConfig, createKernel } from '../../../../core/kernel/kernel-state.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryLedger } from '../../../support/memory-stores.ts';
import { SHOP } from '../../../support/mesh-fixtures.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const REQUEST = { workload: 'batch', vector: { ...UNLIMITED, int: 0.1 }, durationMs: 1500 };

describe('AccountHomes', () => {
  const clock = manualClock(1_800_000_000_000);
  let messages: PlainMessages;
  let ledger: MemoryLedger;
  let others: { replica: string; process: string; isHome: boolean }[];
  let isBlind: boolean;
  let told: boolean[];
  let homes: AccountHomes;

  beforeEach(() => {
    messages = new PlainMessages();
    ledger = new MemoryLedger();
    others = [];
    isBlind = false;
    told = [];
    const kernel = createKernel();
    adoptConfig(kernel, SHOP);
    homes = new AccountHomes({
      connection: messages.connection,
      mesh: 'shop',
      self: { replica: 'a', process: 'a-1' },
      bytesMax: 1000,
      others: () => others,
      ledger,
      config: () => SHOP,
      scene: () => admissionSceneOf(kernel),
      note: () => {},
      newRefusalId: () => 'refusal',
      isBlind: () => isBlind,
      isReachable: () => true,
      onChange: () => told.push(homes?.isHome ?? true),
      clock,
      logger: quietLogger,
    });
  });
  afterEach(() => homes.stop());

  it('pass nothing on where no other replica is a home', async () => {
    others = [{ replica: 'b', process: 'b-1', isHome: false }];
    equal(await homes.ask(REQUEST, 'g1'), null);
    deepEqual([messages.sent.length, homes.passed], [0, 0]);
  });

  it('are elsewhere for a replica that can judge no gate', async () => {
    others = [{ replica: 'b', process: 'b-1', isHome: true }];
    isBlind = true;
    equal(homes.isHome, false);
    void homes.ask(REQUEST, 'g1');
    await until(() => messages.sent.length > 0);
    deepEqual([messages.sent[0]?.subject, homes.passed], ['capmesh.v1.homes.shop.b-1', 1]);
  });

  it('are left in good order: the others are told first, and what they pass on all the same is decided', async () => {
    others = [{ replica: 'b', process: 'b-1', isHome: true }];
    const left = homes.leave();
    deepEqual(told, [true, false]);
    const data = encodePassed(REQUEST, 'g1', clock.wallMs() + 1000);
    await messages.deliver({ subject: 'capmesh.v1.homes.shop.a-1', data, reply: 'to-b' });
    await left;
    await homes.stop();
    deepEqual(
      messages.sent.map(({ subject }) => subject),
      ['to-b'],
    );
    equal(ledger.account('batch').grants.length, 1);
  });
});
