import assert from 'node:assert/strict';
import { CALLS_MAX } from '../../../../core/simulation/call-flow.ts';
import { MeshSimulation, type MeshSimulationOptions } from '../../../../core/simulation/mesh-simulation.ts';
import type { SimulatedSecond } from '../../../../core/simulation/second-meter.ts';
import { seededRandom } from '../../../../core/simulation/seeded-random.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';

/** One caller, one service, nothing declared: nothing is limited while all is well. */
const PLAIN = adoptedMesh({ services: { payment: {} }, workloads: { shop: {} }, budgets: { shop: { payment: {} } } });
/** shop → checkout → payment. */
const CHAIN = adoptedMesh({
  services: { checkout: {}, payment: {} },
  workloads: { shop: {}, checkout: {} },
  budgets: { shop: { checkout: {} }, checkout: { payment: {} } },
});
const START_SEC = 5;

/** A mesh without Capmesh in the way, one node, calls of shop from second 0 on. */
function plainMesh(options: Partial<MeshSimulationOptions>, rateRps = 100): MeshSimulation {
  return new MeshSimulation({
    config: PLAIN,
    services: { payment: { servers: 8, workMs: 20 } },
    loads: [{ workload: 'shop', service: 'payment', rateRps }],
    random: seededRandom(7),
    nodes: 1,
    enforced: false,
    ...options,
  });
}

/** Within a few standard errors of what theory says. */
function assertAbout(value: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(value / expected - 1) <= tolerance, `${value}, not about ${expected}`);
}

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

describe('simulated mesh: what is told of it', () => {
  it('tells of each second what the report sums up', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ observe: (second) => seconds.push(second) });
    mesh.run(20);
    mesh.restartWatch();
    mesh.run(20);
    assert.deepEqual(
      seconds.map(({ sec }) => sec),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const later = seconds.slice(20);
    const sum = (of: (second: SimulatedSecond) => number): number => later.reduce((total, one) => total + of(one), 0);
    const { calls, services } = mesh.report();
    assert.equal(
      sum(({ good }) => good),
      calls.good,
    );
    assert.equal(
      sum((second) => second.services[0]?.offered ?? 0),
      services[0]?.offered,
    );
    assert.ok(later.every((second) => (second.services[0]?.latencyP50Ms ?? 0) > 5));
    assert.ok(later.every((second) => second.services[0]?.gates.gluing !== undefined));
  });

  it('tells latencies of each second alone', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ services: { payment: { servers: 50, workMs: 10 } }, observe: (one) => seconds.push(one) });
    mesh.pool('payment').slowness = 10;
    mesh.run(20);
    mesh.pool('payment').slowness = 1;
    mesh.run(5);
    const medians = seconds.map(({ services }) => services[0]?.latencyP50Ms ?? 0);
    assert.ok((medians[18] ?? 0) > 50, `${medians[18]} ms`);
    assert.ok((medians.at(-1) ?? 99) < 10, `${medians.at(-1)} ms`);
  });

  it('tells of each action in the second in which it was told', () => {
    const seconds: SimulatedSecond[] = [];
    const mesh = plainMesh({ enforced: true, observe: (second) => seconds.push(second) });
    mesh.run(60);
    mesh.offer('shop', 'payment', 1600);
    mesh.run(20);
    assert.ok(mesh.actions.some(({ kind, phase }) => kind === 'limit-concurrency' && phase === 'started'));
    assert.deepEqual(
      seconds.flatMap(({ actions }) => actions),
      mesh.actions,
    );
    for (const { sec, actions } of seconds) {
      assert.ok(actions.every(({ atSec }) => atSec > sec - 1 && atSec <= sec));
    }
  });

  it('sums up how gates stood: all open in health, failed under an overload', () => {
    const mesh = plainMesh({ enforced: true, nodes: 2 });
    mesh.run(120);
    const calm = mesh.report();
    assert.equal(calm.allOpen, true);
    assert.equal(calm.refusedRatio, 0);
    assertAbout(calm.goodputRps, 100, 0.1);
    const { fit } = calm.gates;
    assert.ok(fit.worstRatio !== null && fit.worstRatio <= 1 && (fit.medianRatio ?? 9) <= fit.worstRatio * 1.01);
    mesh.restartWatch();
    mesh.offer('shop', 'payment', 1600);
    mesh.run(60);
    const busy = mesh.report();
    assert.equal(busy.allOpen, false);
    assert.ok(busy.gates.fit.failedTicks > 20 && (busy.gates.fit.worstRatio ?? 0) > 1);
    assert.match(busy.gates.fit.worst, /^payment/);
    assert.ok(busy.refusedRatio > 0.5 && busy.goodputRps > 330, `${busy.refusedRatio} refused, ${busy.goodputRps}/s`);
  });
});

describe('simulated mesh: control plane, sidecars, messages', () => {
  const limited = adoptedMesh({
    services: { payment: { rps: 100 } },
    workloads: { shop: {} },
    budgets: { shop: { payment: { int: 0.5 } } },
  });
  const shared = adoptedMesh({
    services: { payment: { rps: 100 } },
    workloads: { shop: {}, mail: {} },
    budgets: { shop: { payment: { int: 0.8 } }, mail: { payment: { int: 0.8 } } },
  });
  const greedy = (messages: MeshSimulationOptions['messages'], enforced = true): MeshSimulation =>
    plainMesh({ config: limited, enforced, messages }, 200);

  it('holds callers to their budget by leases, and nobody where nothing is enforced', () => {
    const mesh = greedy({});
    mesh.run(START_SEC);
    mesh.restartWatch();
    mesh.run(60);
    assertAbout(mesh.report().goodputRps, 50, 0.02);
    const without = greedy({}, false);
    without.run(60);
    assert.equal(without.report().calls.refused, 0);
    assertAbout(without.report().goodputRps, 200, 0.05);
  });

  it('sends no call to a node before its lease is there, so late leases and lost ones keep a mesh shut', () => {
    const late = greedy({ leaseDelayMs: 8000 });
    late.run(8);
    assert.equal(late.watch.edge('shop', 'payment').answered, 0);
    late.run(5);
    assert.ok(late.watch.edge('shop', 'payment').answered > 0);
    const lost = greedy({ leaseLossRatio: 1 });
    lost.run(60);
    const { calls, services } = lost.report();
    assert.deepEqual([calls.failed, services[0]?.failed], [calls.offered, calls.offered]);
  });

  it('bears the loss of a third of the frames: nobody is refused and no gate fails', () => {
    const messages = { frameLossRatio: 0.33, frameDelayMs: 200 };
    const mesh = plainMesh({ config: limited, enforced: true, messages }, 35);
    mesh.run(200);
    assert.equal(mesh.report().calls.refused, 0);
    assert.equal(mesh.report().allOpen, true);
  });

  it('puts no lease in force that is older than the one that is', () => {
    const mesh = plainMesh({ config: shared, loads: [], enforced: true });
    mesh.run(5);
    mesh.offer('shop', 'payment', (sec) => (sec % 10 < 5 ? 5 : 70));
    mesh.offer('mail', 'payment', (sec) => (sec % 10 < 5 ? 70 : 5));
    const ackedSeqs: number[] = [];
    for (let sec = 0; sec < 120; sec++) {
      mesh.carryMessages({ leaseDelayMs: sec % 3 === 0 ? 4500 : 0 });
      mesh.run(1);
      ackedSeqs.push(mesh.kernel.nodes.get('node-1')?.telemetry.leaseSeq ?? 0);
    }
    assert.ok(new Set(ackedSeqs).size > 5, 'leases change');
    assert.deepEqual(
      ackedSeqs,
      [...ackedSeqs].sort((a, b) => a - b),
    );
  });

  it('shows a node that does not get its leases as one that does not agree', () => {
    const mesh = plainMesh({ config: limited, enforced: true, messages: { leaseLossRatio: 0.33 } }, 35);
    mesh.run(300);
    const failures = mesh.watch.failures();
    assert.ok(failures.length > 0 && failures.every(({ gate, worst }) => gate === 'gluing' && worst === 'node-1'));
  });

  it('leaves a sidecar that is cut off its lease, and when that has run out its safe share', () => {
    const mesh = plainMesh({
      config: shared,
      loads: [{ workload: 'shop', service: 'payment', rateRps: 200 }],
      enforced: true,
    });
    const goodputOf = (seconds: number): number => {
      mesh.restartWatch();
      mesh.run(seconds);
      return mesh.report().goodputRps;
    };
    mesh.run(10);
    assertAbout(goodputOf(20), 80, 0.03);
    mesh.carryMessages({ leaseLossRatio: 1 });
    assertAbout(goodputOf(25), 80, 0.03);
    mesh.run(60);
    // Its guarantee: mail asks for as much.
    assertAbout(goodputOf(30), 50, 0.03);
    mesh.carryMessages({ leaseLossRatio: 0 });
    mesh.run(60);
    assertAbout(goodputOf(30), 80, 0.03);
    assert.throws(
      () => mesh.carryMessages({ leaseLossRatio: 2 }),
      /messages.leaseLossRatio: must be a number from 0 to 1/,
    );
  });

  it('is blind without frames: no gate comes to a verdict, and verdicts that there were do not last', () => {
    const mesh = greedy({ frameLossRatio: 1 });
    mesh.run(60);
    assert.equal(mesh.service('payment').gates.fit.status, 'UNKNOWN');
    assert.equal(mesh.report().gates.fit.worstRatio, null);
    assert.equal(mesh.report().allOpen, false);
    mesh.carryMessages({ frameLossRatio: 0 });
    mesh.run(60);
    assert.equal(mesh.service('payment').gates.gluing.status, 'PASS');
    mesh.carryMessages({ frameLossRatio: 1 });
    mesh.run(60);
    assert.deepEqual(
      [mesh.service('payment').gates.gluing.status, mesh.service('payment').gates.gluing.reason],
      ['UNKNOWN', 'stale'],
    );
  });
});
