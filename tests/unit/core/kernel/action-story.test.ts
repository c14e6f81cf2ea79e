import assert from 'node:assert/strict';
import type { MeshConfig, PolicyConfig } from '../../../../core/mesh/mesh-config.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { KernelStory } from '../../../support/kernel-story.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { simulatedPayment } from '../../../support/simulated-service.ts';

/** Two tenants of equal rank share a service of 8 workers × 20 ms; no capacity is declared. */
const TWO_TENANTS = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { tenant: 'shop' }, batch: { tenant: 'reports' } },
  budgets: { checkout: { payment: { ptr: 0.5 } }, batch: { payment: { ptr: 0.5 } } },
});

const withPolicy = (config: MeshConfig, policy: Partial<PolicyConfig>): MeshConfig => ({
  ...config,
  policy: { ...config.policy, ...policy },
});

function storyOf(config: MeshConfig, checkoutRps: number, batchRps: number): KernelStory {
  const service = simulatedPayment(1);
  service.setRate('checkout', checkoutRps);
  service.setRate('batch', batchRps);
  return new KernelStory(config, service);
}

/** Mean latency of checkout from now until then, and its answers per second. */
function checkoutUntil(story: KernelStory, untilSec: number): { readonly meanMs: number; readonly rps: number } {
  const read = () => {
    const [counts] = story.service.counters();
    return {
      answers: counts?.latencyBuckets.reduce((a, b) => a + b, 0) ?? 0,
      sumMs: counts?.latencySumMs ?? 0,
      sec: story.nowMs / 1000,
    };
  };
  const before = read();
  story.runTo(untilSec);
  const after = read();
  const answers = after.answers - before.answers;
  return { meanMs: (after.sumMs - before.sumMs) / answers, rps: answers / (after.sec - before.sec) };
}

const transcript = (story: KernelStory, kinds: readonly string[]): string[] =>
  story
    .actions()
    .filter(({ kind, phase }) => kinds.includes(kind) && phase !== 'changed')
    .map(({ kind, target, phase, endCause }) => [kind, target, phase, endCause].join(' ').trim());

describe('kernel: a noisy tenant, within its rate but with ten times heavier calls', () => {
  it('is probed, throttled until its neighbour is well, and let go when it is over', () => {
    const story = storyOf(TWO_TENANTS, 100, 24);
    const quiet = checkoutUntil(story, 150);
    story.service.setServiceMs('batch', 200);
    story.runTo(200);
    const held = checkoutUntil(story, 240);
    assert.ok(held.meanMs < 1.5 * quiet.meanMs, `${held.meanMs} ms, ${quiet.meanMs} ms before`);
    assert.ok(held.rps > 0.95 * 100, `${held.rps}/s`);
    story.service.setServiceMs('batch', 20);
    story.runTo(400);
    assert.deepEqual(transcript(story, ['probe', 'throttle', 'fence']), [
      'probe reports started',
      'probe reports ended confirmed',
      'throttle reports started',
      'throttle reports ended recovered',
    ]);
    assert.deepEqual(story.view().actions, []);
    const batch = story.view().edges.find((edge) => edge.workload === 'batch');
    const checkout = story.view().edges.find((edge) => edge.workload === 'checkout');
    assert.equal(batch?.maxRequests, checkout?.maxRequests, 'nothing of it is left');
  });

  it('is only talked about in the shadow', () => {
    const config = withPolicy(TWO_TENANTS, { shadow: ['fit', 'gluing', 'uv', 'isolation'] });
    const story = storyOf(config, 100, 24);
    story.runTo(150);
    story.service.setServiceMs('batch', 200);
    story.runTo(200);
    const actions = story.actions();
    assert.ok(actions.some(({ kind, phase }) => kind === 'probe' && phase === 'started'));
    assert.ok(actions.every(({ shadow }) => shadow));
    assert.ok(
      story.view().edges.every(({ maxRequests }) => (maxRequests ?? 0) > 30),
      'the open guard stands',
    );
    const throttled = storyOf(TWO_TENANTS, 100, 24);
    throttled.runTo(150);
    throttled.service.setServiceMs('batch', 200);
    throttled.runTo(200);
    const held = (other: KernelStory) => other.view().edges.find((edge) => edge.workload === 'batch')?.maxRequests ?? 0;
    assert.ok(held(throttled) < held(story) / 2, `${held(throttled)} in earnest, ${held(story)} in the shadow`);
  });
});

/** checkout matters more than batch. */
const RANKED = meshConfig({
  services: { payment: {} },
  workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
});

/** The same as a mesh file. */
const RANKED_FILE = {
  mesh: 'shop',
  services: { payment: { endpoints: ['127.0.0.1:9101'] } },
  workloads: { checkout: { prio: 7, weight: 2 }, batch: { prio: 2 } },
  budgets: { checkout: { payment: { ptr: 0.9 } }, batch: { payment: { ptr: 0.9 } } },
};

describe('kernel: what operators may do about actions', () => {
  const overloaded = (config = RANKED): KernelStory => {
    const story = storyOf(config, 150, 50);
    story.runTo(90);
    story.service.setRate('batch', 1300);
    story.runTo(100);
    return story;
  };
  const holds = (story: KernelStory) => story.view().services[0]?.controllerMode === 'trim';

  it('ends everything in safe mode and starts nothing, until it is over', () => {
    const story = overloaded();
    assert.ok(story.view().actions.length >= 3);
    story.tell({ kind: 'action-control', control: { safeMode: true, pausedUntilMs: 0 } });
    story.runTo(101);
    assert.deepEqual(story.view().actions, []);
    const ended = story.actions().filter(({ atSec, phase }) => atSec === 101 && phase === 'ended');
    assert.deepEqual([...new Set(ended.map(({ endCause }) => endCause))], ['safe-mode']);
    story.runTo(110);
    assert.ok(!holds(story));
    assert.deepEqual(story.view().actions, []);
    story.tell({ kind: 'action-control', control: { safeMode: false, pausedUntilMs: 0 } });
    story.runTo(115);
    assert.notDeepEqual(story.view().actions, []);
  });

  it('keeps what runs but begins nothing new while paused', () => {
    const calm = storyOf(RANKED, 150, 50);
    calm.runTo(90);
    calm.tell({ kind: 'action-control', control: { safeMode: false, pausedUntilMs: calm.wallMs + 15_000 } });
    calm.service.setRate('batch', 1300);
    calm.runTo(104);
    assert.deepEqual(calm.view().actions, []);
    calm.runTo(110);
    assert.ok(holds(calm), 'the pause is over by itself');
    const busy = overloaded();
    busy.tell({ kind: 'action-control', control: { safeMode: false, pausedUntilMs: busy.wallMs + 60_000 } });
    busy.runTo(120);
    assert.ok(holds(busy), 'what ran before goes on');
  });

  it('ends one action by its id, and does not begin it again for 30 s', () => {
    const story = overloaded();
    const limit = story.view().actions.find(({ kind }) => kind === 'limit-concurrency');
    story.tell({ kind: 'cancel-action', id: limit?.id ?? '' });
    story.runTo(101);
    assert.equal(story.actions().find(({ id, phase }) => id === limit?.id && phase === 'ended')?.endCause, 'cancelled');
    story.runTo(130);
    assert.ok(!holds(story));
    const again = story.actions().filter(({ kind, phase }) => kind === 'limit-concurrency' && phase === 'started');
    assert.equal(again.length, 1);
  });

  it('begins again after safe mode what it would have begun, with ids of its own', () => {
    const story = overloaded();
    const before = new Set(story.view().actions.map(({ id }) => id));
    story.tell({ kind: 'action-control', control: { safeMode: true, pausedUntilMs: 0 } });
    story.runTo(101);
    story.tell({ kind: 'action-control', control: { safeMode: false, pausedUntilMs: 0 } });
    story.runTo(110);
    const after = story.view().actions;
    assert.ok(after.some(({ kind }) => kind === 'limit-concurrency'));
    assert.ok(after.every(({ id, service }) => !before.has(id) && service === 'payment'));
  });

  it('lets go at once, and says so, when fit goes into the shadow, and holds again when it comes out', () => {
    const story = overloaded();
    const limitOf = () => story.view().edges.reduce((sum, edge) => sum + (edge.maxRequests ?? 0), 0);
    const held = limitOf();
    story.tell({ kind: 'config', config: withPolicy(RANKED, { shadow: ['fit'] }) });
    story.runTo(102);
    assert.ok(limitOf() > 2 * held, `${limitOf()} calls in flight allowed, ${held} before`);
    const running = story.view().actions;
    assert.ok(running.length >= 2 && running.every(({ shadow }) => shadow));
    const told = new Map(story.actions().flatMap((action) => (action.atSec === 101 ? [[action.id, action]] : [])));
    assert.ok(running.every(({ id }) => told.get(id)?.shadow === true));
    const wouldHold = running.find(({ kind }) => kind === 'limit-concurrency');
    assert.ok((wouldHold?.size ?? 1e9) < limitOf() / 2, 'its size is what would be held');
    story.tell({ kind: 'config', config: RANKED });
    story.runTo(104);
    assert.ok(limitOf() < 2 * held, `${limitOf()} calls in flight allowed`);
    assert.ok(story.view().actions.every(({ shadow }) => !shadow));
  });

  it('sheds no larger share than the mesh file allows, and nothing where it allows nothing', () => {
    const shedOf = (maxShedRatio: number) => {
      const parsed = parseMeshFile(JSON.stringify({ ...RANKED_FILE, policy: { maxShedRatio } }));
      assert.ok(parsed.ok);
      const story = overloaded(parsed.value);
      story.runTo(120);
      return story
        .actions()
        .filter(({ kind }) => kind === 'shed-priority')
        .map(({ size }) => size);
    };
    const free = Math.max(...shedOf(1));
    assert.ok(free > 0.3, `${free}`);
    const bounded = shedOf(0.2);
    assert.ok(bounded.length > 0 && bounded.every((size) => size <= 0.2), bounded.join());
    assert.deepEqual(shedOf(0), []);
  });

  it('learns nothing from a limit in the shadow that nobody feels, and leaves none behind', () => {
    const story = overloaded(withPolicy(RANKED, { shadow: ['fit', 'gluing', 'uv', 'isolation'] }));
    const before = story.view().services[0]?.baselineLatencyMs ?? 0;
    story.runTo(190);
    const sizes = story.actions().flatMap(({ kind, size }) => (kind === 'limit-concurrency' ? [size] : []));
    assert.ok(
      sizes.every((size) => size >= 8 && size < 25),
      sizes.join(),
    );
    assert.ok((story.view().services[0]?.baselineLatencyMs ?? 0) < 1.5 * before);
    story.service.setRate('batch', 50);
    for (let sec = 195; sec < 230; sec++) {
      story.runTo(sec);
      const allowed = story.view().edges.map(({ maxRequests }) => maxRequests ?? 0);
      assert.ok(Math.min(...allowed) > 25, `second ${sec}: ${allowed}`);
    }
    assert.ok(!holds(story));
  });

  it('holds nothing where fit is in the shadow, and says so', () => {
    const story = overloaded(withPolicy(RANKED, { shadow: ['fit'] }));
    story.runTo(140);
    const limit = story.actions().find(({ kind }) => kind === 'limit-concurrency');
    assert.equal(limit?.shadow, true);
    const guard = story.view().edges.find((edge) => edge.workload === 'batch')?.maxRequests ?? 0;
    assert.ok(guard > 25, `${guard}: the open guard stands`);
    const shed = story.service.counters().reduce((sum, edge) => sum + (edge.refused['shed-priority'] ?? 0), 0);
    assert.equal(shed, 0);
  });
});
