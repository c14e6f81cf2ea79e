import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { CapacityResponse, CapacityVector } from '../../../client/capacity-request.ts';
import { CapmeshError, type CapmeshErrorCode } from '../../../client/capmesh-error.ts';
import { HeldCapacity } from '../../../client/held/held-capacity.ts';
import type { GrantSource } from '../../../client/held/hold-options.ts';
import { everythingDone, ManualTiming } from '../../support/manual-timing.ts';

type Answer = CapacityResponse | CapmeshErrorCode | Promise<CapacityResponse>;

const LIFE_MS = 100_000;

/** A control plane that answers as it is told, and admits where nothing is told. */
class ScriptedSource implements GrantSource {
  readonly address = 'mesh:1';
  /** Next answers, in their order. */
  readonly script: Answer[] = [];
  readonly asked: string[] = [];
  #grants = 0;

  admitted(): CapacityResponse {
    this.#grants += 1;
    const id = this.#grants;
    return { admitted: true, capacityToken: `token-${id}`, grantId: `g${id}`, expiresAtMs: 0, conditional: false };
  }

  async requestCapacity(): Promise<CapacityResponse> {
    this.asked.push('request');
    return this.#answer();
  }

  async renew({ grantId }: { grantId: string }): Promise<CapacityResponse> {
    this.asked.push(`renew ${grantId}`);
    return this.#answer();
  }

  async release({ grantId }: { grantId: string }): Promise<boolean> {
    this.asked.push(`release ${grantId}`);
    return true;
  }

  async #answer(): Promise<CapacityResponse> {
    const next = this.script.shift();
    if (next === undefined) return this.admitted();
    if (typeof next === 'string') throw new CapmeshError(next, this.address, 'as the test says');
    return next;
  }
}

const refusal = (retryAfterMs: number): CapacityResponse => ({
  admitted: false,
  gatesFailed: ['fit'],
  bindingAxes: [],
  available: { cGeo: null, cInt: 0.1, cGauge: null, cPtr: null, cObs: null },
  retryAfterMs,
  message: 'fit of payment fails',
});

describe('HeldCapacity', () => {
  let source: ScriptedSource;
  let timing: ManualTiming;
  let told: string[];
  let held: HeldCapacity;

  const hold = (...script: Answer[]): HeldCapacity => holdVector({ cInt: 0.5 }, ...script);
  const holdVector = (capacityVector: Partial<CapacityVector> | undefined, ...script: Answer[]): HeldCapacity => {
    source.script.push(...script);
    const request = { workloadId: 'checkout', capacityVector, durationMs: LIFE_MS };
    held = new HeldCapacity(source, request, timing, {
      onAdvice: ({ gatesFailed, message }) => told.push(`advice ${gatesFailed}: ${message}`),
    });
    held.on('renewed', ({ grantId }) => told.push(`renewed ${grantId}`));
    held.on('refused', ({ retryAfterMs }) => told.push(`refused ${retryAfterMs}`));
    held.on('failed', ({ code }, pauseMs) => told.push(`failed ${code} ${pauseMs}`));
    held.on('lost', ({ grantId, reason }) => told.push(`lost ${grantId} ${reason}`));
    return held;
  };

  const reason = async (capacity: HeldCapacity): Promise<string> =>
    capacity.token().catch((error: CapmeshError) => error.code);

  beforeEach(() => {
    source = new ScriptedSource();
    timing = new ManualTiming();
    told = [];
  });

  afterEach(() => held.close());

  it('renews between 60 and 80 % of the life of a token, moved by chance', async () => {
    for (const [chance, renewMs] of [
      [0, 60_000],
      [0.5, 70_000],
      [0.999, 79_980],
    ] as const) {
      source.asked.length = 0;
      timing.chance = chance;
      const capacity = hold();
      await timing.advance(renewMs - 1);
      assert.deepEqual(source.asked, ['request'], `${chance}`);
      await timing.advance(1);
      assert.deepEqual(source.asked.length, 2, `${chance}`);
      assert.match(source.asked[1] as string, /^renew g\d+$/);
      await capacity.close();
    }
  });

  it('hands out the token that is in force, and shows it to nobody', async () => {
    hold();
    assert.equal(await held.token(), 'token-1');
    await timing.advance(70_000);
    assert.equal(await held.token(), 'token-2');
    assert.deepEqual(told, ['renewed g1', 'renewed g2']);
    assert.equal(inspect(held, { depth: 9 }).includes('token-2'), false);
  });

  it('asks for another grant beside the old one where nothing is charged, so that both are good', async () => {
    for (const free of [undefined, { cGeo: 0.5, cGauge: 0.2, cInt: null }]) {
      source.asked.length = 0;
      const capacity = holdVector(free);
      await timing.advance(70_000);
      assert.deepEqual(source.asked, ['request', 'request']);
      await capacity.replace(await capacity.token());
      assert.match(source.asked.at(-1) as string, /^renew g\d+$/, 'a refused one is looked after');
      await capacity.close();
    }
    for (const charged of [{ cInt: 0 }, { cPtr: 0.1 }, { cObs: 0.1 }]) {
      source.asked.length = 0;
      const capacity = holdVector(charged);
      await timing.advance(70_000);
      assert.match(source.asked.at(-1) as string, /^renew g\d+$/);
      await capacity.close();
    }
  });

  it('counts the life of a token from before it was asked for', async () => {
    let answer: (response: CapacityResponse) => void = () => {};
    const slow = new Promise<CapacityResponse>((resolve) => {
      answer = resolve;
    });
    hold(slow);
    await timing.advance(10_000);
    answer(source.admitted());
    await everythingDone();
    await timing.advance(59_999);
    assert.deepEqual(source.asked, ['request']);
    source.script.push(refusal(LIFE_MS));
    await timing.advance(1);
    assert.deepEqual(source.asked, ['request', 'renew g1'], '70 s after it was sent, 60 after the answer');
    await timing.advance(29_999);
    assert.equal(await held.token(), 'token-1');
    await timing.advance(1);
    assert.deepEqual(told.at(-1), 'lost g1 expired');
  });

  it('keeps the token until its end while the control plane is away, backs off, and begins anew', async () => {
    hold();
    await everythingDone();
    const away = Array.from({ length: 40 }, (): Answer => 'unavailable');
    source.script.push(...away);
    await timing.advance(99_999);
    assert.equal(await held.token(), 'token-1');
    const pauses = told.flatMap((line) => /^failed unavailable (\d+)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(pauses.slice(0, 9).map(Number), [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000]);
    await timing.advance(1);
    assert.equal(told.at(-1), 'lost g1 expired');
    assert.equal(await reason(held), 'unavailable', 'it says why there is none');
    source.script.length = 0;
    await timing.advance(15_000);
    assert.equal(source.asked.at(-1), 'request', 'from scratch');
    assert.equal(await held.token(), 'token-2');
  });

  it('never asks in a loop, even where chance says so', async () => {
    timing.chance = 0;
    hold(...Array.from({ length: 400 }, (): Answer => 'unavailable'));
    await timing.advance(10_000);
    assert.equal(source.asked.length, 201, 'once every 50 ms');
  });

  it('asks anew at once where the grant is gone', async () => {
    hold();
    await everythingDone();
    source.script.push('not-found');
    await timing.advance(70_000);
    assert.deepEqual(source.asked, ['request', 'renew g1', 'request']);
    assert.deepEqual(told, ['renewed g1', 'lost g1 revoked', 'renewed g2']);
  });

  it('a workload that is not known is asked for with pauses', async () => {
    hold('not-found', 'not-found');
    await timing.advance(300);
    assert.deepEqual(told, ['failed not-found 100', 'failed not-found 200', 'renewed g1']);
  });

  it('waits as long as a refusal says, and up to a quarter more; tells what to do meanwhile', async () => {
    timing.chance = 0.999;
    hold(refusal(60_000));
    await everythingDone();
    assert.deepEqual(told, ['refused 60000', 'advice fit: fit of payment fails']);
    await assert.rejects(held.token(), (error: CapmeshError) => {
      assert.equal(error.code, 'refused');
      assert.match(error.message, /not admitted: fit of payment fails/);
      assert.deepEqual((error.cause as { gatesFailed: string[] }).gatesFailed, ['fit']);
      return true;
    });
    await timing.advance(74_984);
    assert.deepEqual(source.asked, ['request']);
    await timing.advance(2);
    assert.equal(await held.token(), 'token-1');
    await held.close();
    timing.chance = 0;
    source.asked.length = 0;
    hold(refusal(60_000));
    await timing.advance(59_999);
    assert.deepEqual(source.asked, ['request']);
    await timing.advance(1);
    assert.deepEqual(source.asked, ['request', 'request']);
  });

  it('a refused renewal leaves the token in force, and its end does not shorten the pause', async () => {
    hold();
    await everythingDone();
    source.script.push(refusal(60_000));
    await timing.advance(70_000);
    assert.equal(await held.token(), 'token-1');
    await timing.advance(67_499);
    assert.deepEqual(source.asked, ['request', 'renew g1']);
    await timing.advance(1);
    assert.deepEqual(source.asked, ['request', 'renew g1', 'request']);
    assert.deepEqual(told.slice(-2), ['lost g1 expired', 'renewed g2']);
  });

  it('refusals that say no time are asked again with back-off', async () => {
    hold(refusal(0), refusal(0), refusal(0));
    await timing.advance(699);
    assert.equal(source.asked.length, 3);
    await timing.advance(1);
    assert.equal(source.asked.length, 4, '100 + 200 + 400 ms');
  });

  it('a token that a sidecar refuses is renewed at once, but not again and again', async () => {
    hold();
    assert.equal(await held.token(), 'token-1');
    source.script.push('not-found');
    const [first, second] = await Promise.all([held.replace('token-1'), held.replace('token-1')]);
    assert.deepEqual(source.asked, ['request', 'renew g1', 'request'], 'once for both; the grant was gone');
    assert.deepEqual([first, second], ['token-2', 'token-2']);
    assert.equal(await held.replace('token-1'), 'token-2', 'a call that was under way with the old one');
    assert.equal(await held.replace('token-2'), null);
    assert.equal(source.asked.length, 3, 'not again within 5 s');
    await timing.advance(5000);
    assert.equal(await held.replace('token-2'), 'token-3');
    assert.equal(source.asked.at(-1), 'renew g2');
    await timing.advance(69_999);
    assert.equal(source.asked.at(-1), 'renew g2', 'and the next renewal waits from then on');
    await timing.advance(1);
    assert.equal(source.asked.at(-1), 'renew g3');
  });

  it('a call that was refused while the token was being renewed gets the new one', async () => {
    hold();
    assert.equal(await held.token(), 'token-1');
    let answer: (response: CapacityResponse) => void = () => {};
    source.script.push(
      new Promise<CapacityResponse>((resolve) => {
        answer = resolve;
      }),
    );
    await timing.advance(70_000);
    const replaced = held.replace('token-1');
    await everythingDone();
    answer(source.admitted());
    assert.equal(await replaced, 'token-2');
    assert.deepEqual(source.asked, ['request', 'renew g1']);
  });

  it('keeps the process alive only while somebody waits for the first token', async () => {
    hold('unavailable');
    await everythingDone();
    assert.deepEqual(timing.sleepers, [false]);
    const ready = held.ready();
    await everythingDone();
    assert.deepEqual(timing.sleepers, [true]);
    await timing.advance(100);
    assert.equal(await ready, 'token-1');
    assert.deepEqual(timing.sleepers, [false]);
  });

  it('closes: gives back what is held, asks no more, and whoever waits is told', async () => {
    hold();
    await held.token();
    await held.close();
    await held.close();
    assert.deepEqual(source.asked, ['request', 'release g1']);
    assert.equal(await reason(held), 'closed');
    await timing.advance(LIFE_MS);
    assert.deepEqual(source.asked.length, 2);
    assert.deepEqual(timing.sleepers, []);
    await hold('unavailable')
      .token()
      .catch(() => {});
    const waiting = assert.rejects(held.ready(), { code: 'closed' });
    await held.close();
    await waiting;
  });

  it('a grant that arrives while it is closed is given back too', async () => {
    let answer: (response: CapacityResponse) => void = () => {};
    hold(
      new Promise<CapacityResponse>((resolve) => {
        answer = resolve;
      }),
    );
    await everythingDone();
    const closed = held.close();
    answer(source.admitted());
    await closed;
    assert.deepEqual(source.asked, ['request', 'release g1']);
  });
});
