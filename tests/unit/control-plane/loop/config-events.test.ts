import assert from 'node:assert/strict';
import { ConfigEvents } from '../../../../control-plane/loop/config-events.ts';
import { configView } from '../../../../control-plane/state/config-view.ts';
import type { CapacityEvent } from '../../../../proto/gen/capmesh/v1/events.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';

const view = (objects: Readonly<Record<string, number>>, revision: number) =>
  configView('shop', new Map(Object.entries(objects).map(([key, at]) => [key, { value: {}, revision: at }])), revision);

describe('events of edits', () => {
  let told: [id: string, message: string][];
  let events: ConfigEvents;

  beforeEach(() => {
    told = [];
    const publish = async (event: CapacityEvent, id: string): Promise<number> => told.push([id, event.message]);
    events = new ConfigEvents({ publish }, { monotonicMs: () => 0, wallMs: () => 0 }, quietLogger);
  });
  afterEach(() => events.stop());

  const nothingChanged = () => [];

  it('tell what was written and deleted since the view before, and nothing of the first view', async () => {
    events.start(view({ 'service.payment': 1, 'workload.checkout': 2 }, 2), null, nothingChanged);
    events.take(view({ 'service.payment': 3, 'workload.batch': 4 }, 5));
    events.take(view({ 'service.payment': 3, 'workload.batch': 4 }, 5));
    await events.drained();
    assert.deepEqual(told, [['config.5', 'revision 5: services.payment, workloads.batch, workloads.checkout']]);
  });

  it('make up at the start for an edit that was stored and not told', async () => {
    const changedSince = (revision: number) => (revision === 5 ? ['workload.batch', 'service.payment'] : []);
    events.start(view({ 'service.payment': 7 }, 8), 'config.5', changedSince);
    await events.drained();
    assert.deepEqual(told, [['config.8', 'revision 8: services.payment, workloads.batch']]);
  });

  it('tell the newest edit once more where the newest event is an order: its id keeps it single', async () => {
    events.start(view({ 'service.payment': 7 }, 8), 'orders.12', (revision) =>
      revision === 7 ? ['service.payment'] : [],
    );
    await events.drained();
    assert.deepEqual(told, [['config.8', 'revision 8: services.payment']]);
  });

  it('say nothing at the start where the newest edit was told, or where nothing was ever told', async () => {
    const all = () => ['service.payment'];
    for (const newest of ['config.8', 'config.9', null]) {
      events.start(view({ 'service.payment': 7 }, 8), newest, all);
    }
    await events.drained();
    assert.deepEqual(told, []);
  });
});
