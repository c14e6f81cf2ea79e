import assert from 'node:assert/strict';
import { CALLS_MAX } from '../../../../core/simulation/call-flow.ts';
import { MeshSimulation } from '../../../../core/simulation/mesh-simulation.ts';
import { seededRandom } from '../../../../core/simulation/seeded-random.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';
import { assertAbout, CHAIN, plainMesh } from '../../../support/plain-mesh.ts';

describe('simulated mesh: work of calls', () => {
  it('is the same for every call where it is fixed: nobody waits, and all take as long', () => {
    const mesh = plainMesh({ services: { payment: { servers: 8, workMs: 20, work: 'fixed' } } }, 50);
    mesh.run(30);
    const { latencyP50Ms, latencyP99Ms } = mesh.report();
    assertAbout(latencyP50Ms ?? 0, 20, 0.01);
    assertAbout(latencyP99Ms ?? 0, 20, 0.01);
  });

  it('comes to the nodes evenly without a skew: their breakers are half of the limit each', () => {
    const config = adoptedMesh({
      services: { payment: { concurrency: 30 } },
      workloads: { shop: {} },
      budgets: { shop: { payment: { ptr: 1 } } },
    });
    const [even = 1, skewed = 0] = [1, 6].map((nodeSkew) => {
      const services = { payment: { servers: 100, workMs: 150, work: 'fixed' } } as const;
      const mesh = plainMesh({ config, services, nodes: 2, nodeSkew, enforced: true });
      mesh.run(30);
      return mesh.report().refusedRatio;
    });
    // 15 calls in flight on average: 7.5 a node, or about 13 at the first.
    assert.ok(even < 0.02, `${even} refused`);
    assert.ok(skewed > 0.1, `${skewed} refused`);
  });
});

describe('simulated mesh: what it was given', () => {
  it('is refused with every mistake by its path', () => {
    const wrong = (): MeshSimulation =>
      new MeshSimulation({
        config: CHAIN,
        services: {
          checkout: { servers: 0, workMs: Number.NaN, calls: { mail: 2 } },
          other: { servers: 1, workMs: 1 },
        },
        loads: [{ workload: 'checkout', service: 'checkout', rateRps: -1, retry: { max: 99, backoffMs: 0 } }],
        random: seededRandom(1),
        messages: { leaseLossRatio: 2 },
        nodes: 1.5,
        nodeSkew: 0,
      });
    assert.throws(wrong, (error) => {
      assert.ok(error instanceof RangeError);
      const paths = error.message.split('; ').map((line) => line.split(': ')[0]);
      assert.deepEqual(paths, [
        'services.payment',
        'services.checkout.servers',
        'services.checkout.workMs',
        'services.checkout.calls.mail',
        'services.other',
        'loads[0]',
        'loads[0].rateRps',
        'loads[0].retry.max',
        'messages.leaseLossRatio',
        'nodes',
        'nodeSkew',
      ]);
      return true;
    });
  });
});

describe('simulated mesh: services that call each other', () => {
  const circle = (mean: number): (() => MeshSimulation) => {
    const behaviour = (callee: string) => ({ servers: 50, workMs: 1, calls: { [callee]: mean } });
    const services = { checkout: behaviour('payment'), payment: behaviour('checkout') };
    return () => plainMesh({ config: CHAIN, services, loads: [] });
  };

  it('may do so in a circle that comes to an end, and not in one without', () => {
    assert.doesNotThrow(circle(0.9));
    assert.throws(circle(1), /^RangeError: services.checkout.calls: goes in a circle without end; services.payment/);
  });
});

describe('simulated mesh: callers and services', () => {
  it('tells the same story with the same random numbers, and another with others', () => {
    const tell = (seed: number): string => {
      const mesh = plainMesh({ random: seededRandom(seed) });
      mesh.run(30);
      return JSON.stringify(mesh.report());
    };
    assert.equal(tell(3), tell(3));
    assert.notEqual(tell(3), tell(4));
  });

  it('offers a Poisson stream of the rate asked for, also where it changes from second to second', () => {
    const mesh = plainMesh({}, 0);
    mesh.offer('shop', 'payment', (sec) => (sec % 2 === 0 ? 300 : 20));
    mesh.run(600);
    assertAbout(mesh.report().calls.offered, 300 * 300 + 300 * 20, 0.02);
  });

  it('keeps a single server as queueing theory says: mean time in system 1/(μ − λ)', () => {
    const mesh = plainMesh({ services: { payment: { servers: 1, workMs: 10 } } }, 50);
    mesh.run(1000);
    // M/M/1 with μ = 100/s: exponential with mean 20 ms.
    const { latencyP50Ms, latencyP99Ms } = mesh.report();
    assertAbout(latencyP50Ms ?? 0, 20 * Math.LN2, 0.05);
    assertAbout(latencyP99Ms ?? 0, 20 * Math.log(100), 0.06);
  });

  it('answers with errors as often as a service fails, and ends calls that take longer than the time-out', () => {
    const mesh = plainMesh({ services: { payment: { servers: 100, workMs: 500, errorRatio: 0.25 } } }, 100);
    mesh.run(300);
    const { offered, good, failed, timeouts } = mesh.report().calls;
    // The time-out is 1 s: e^−2 of the calls take longer.
    assertAbout(timeouts / offered, Math.exp(-2), 0.05);
    assertAbout(failed / (good + failed), 0.25, 0.05);
    assert.ok(offered - good - failed - timeouts <= mesh.underWay);
  });

  it('refuses what finds a full queue, at the service itself', () => {
    const mesh = plainMesh({ services: { payment: { servers: 1, workMs: 100, queueMax: 3 } } }, 100);
    mesh.run(200);
    const { good, failed, refused } = mesh.report().calls;
    assertAbout(good, 2000, 0.06);
    assert.ok(failed > 17_000, `${failed} failed`);
    assert.equal(refused, 0);
  });

  it('makes the calls that a service needs, waits for the slowest, and fails with any of them', () => {
    const mesh = plainMesh({
      config: CHAIN,
      services: {
        checkout: { servers: 50, workMs: 0, calls: { payment: 2.5 } },
        payment: { servers: 50, workMs: 20, errorRatio: 0.1 },
      },
      loads: [{ workload: 'shop', service: 'checkout', rateRps: 100 }],
    });
    mesh.run(300);
    const [checkout, payment] = mesh.report().services;
    assertAbout((payment?.offered ?? 0) / (checkout?.offered ?? 1), 2.5, 0.02);
    assertAbout((checkout?.good ?? 0) / (checkout?.offered ?? 1), (0.9 ** 2 + 0.9 ** 3) / 2, 0.03);
    // The longer of two or three exponential times: its median is −20·ln(1 − 2^(−1/n)), 24.6 and 31.6 ms.
    const medianMs = checkout?.latencyP50Ms ?? 0;
    assert.ok(medianMs > 24.6 && medianMs < 31.6, `${medianMs}`);
  });

  it('tries again as its callers are told to, and not more often', () => {
    const mesh = plainMesh({
      services: { payment: { servers: 100, workMs: 1, errorRatio: 0.5 } },
      loads: [{ workload: 'shop', service: 'payment', rateRps: 100, retry: { max: 2, backoffMs: 10 } }],
    });
    mesh.run(300);
    mesh.offer('shop', 'payment', 0, 1, { max: 2, backoffMs: 10 });
    mesh.run(5);
    const { calls, services } = mesh.report();
    assertAbout(calls.good / calls.offered, 1 - 0.5 ** 3, 0.01);
    assertAbout((services[0]?.retries ?? 0) / calls.offered, 0.75, 0.02);
    assert.equal(calls.good + calls.failed, calls.offered);
    assert.equal(mesh.underWay, 0);
  });

  it('does not try again what is forbidden', () => {
    const config = adoptedMesh({
      services: { payment: { rps: 100 } },
      workloads: { shop: {} },
      budgets: { shop: { payment: { int: 0 } } },
    });
    const loads = [{ workload: 'shop', service: 'payment', rateRps: 20, retry: { max: 3, backoffMs: 10 } }];
    const mesh = plainMesh({ config, loads, enforced: true });
    mesh.run(5);
    mesh.restartWatch();
    mesh.run(60);
    const edge = mesh.watch.edge('shop', 'payment');
    assert.ok(edge.offered > 900);
    assert.deepEqual([edge.refused, edge.retries], [{ 'edge-not-entitled': edge.offered }, 0]);
  });

  it('lets services try again too, for those that they call', () => {
    const mesh = plainMesh({
      config: CHAIN,
      services: {
        checkout: { servers: 50, workMs: 0, calls: { payment: 1 }, retry: { max: 1, backoffMs: 10 } },
        payment: { servers: 50, workMs: 1, errorRatio: 0.3 },
      },
      loads: [{ workload: 'shop', service: 'checkout', rateRps: 100 }],
    });
    mesh.run(300);
    const [checkout, payment] = mesh.report().services;
    assertAbout((checkout?.good ?? 0) / (checkout?.offered ?? 1), 1 - 0.3 ** 2, 0.01);
    assertAbout((payment?.retries ?? 0) / (payment?.offered ?? 1), 0.3, 0.03);
  });

  it('drops and counts calls from outside when too many are under way', () => {
    const mesh = plainMesh({
      loads: [{ workload: 'shop', service: 'payment', rateRps: 300_000, retry: { max: 1, backoffMs: 1e8 } }],
    });
    mesh.pool('payment').unreachableRatio = 1;
    mesh.run(2);
    const { offered, dropped } = mesh.report().calls;
    assert.equal(mesh.underWay, CALLS_MAX);
    assert.equal(dropped, offered - CALLS_MAX);
  });

  it('gives an attempt up when its caller does, which Envoy counts neither as answer nor as failure', () => {
    const mesh = plainMesh({
      services: { payment: { servers: 100, workMs: 100 } },
      loads: [{ workload: 'shop', service: 'payment', rateRps: 100, retry: { max: 0, backoffMs: 10, timeoutMs: 100 } }],
    });
    mesh.run(200);
    const { offered, timeouts } = mesh.report().calls;
    assertAbout(timeouts / offered, Math.exp(-1), 0.05);
    assert.equal(mesh.kernel.services.get('payment')?.newest?.timeouts, 0);
  });

  it('keeps a server busy to the end with a call whose caller has left', () => {
    // One server, calls of exactly 3 s of work on the mean, a time-out of 1 s: hardly a good answer in spite of a server that never rests.
    const mesh = plainMesh({ services: { payment: { servers: 1, workMs: 3000 } } }, 20);
    mesh.run(600);
    const { good } = mesh.report().calls;
    assert.ok(good < 600 / 3 / 2, `${good} good`);
  });

  it('loses all calls while a service is down, but for what Envoy reaches a second time where only some connections fail', () => {
    const mesh = plainMesh({});
    mesh.pool('payment').unreachableRatio = 1;
    mesh.run(60);
    const down = mesh.report();
    assert.equal(down.calls.good, 0);
    assert.equal(down.calls.failed + mesh.underWay, down.calls.offered);
    mesh.restartWatch();
    mesh.pool('payment').unreachableRatio = 0.1;
    mesh.run(300);
    const { good, offered } = mesh.report().calls;
    assert.ok(good / offered > 0.95, `${good / offered}`);
  });
});
