import assert from 'node:assert/strict';
import { EditEvents } from '../../../../control-plane/loop/edit-events.ts';
import type { StoredEdit } from '../../../../control-plane/state/config-store.ts';
import type { NumberedEvent } from '../../../../control-plane/state/event-series.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const edit = (revision: number, ...keys: string[]): StoredEdit => ({ revision, keys, wallMs: 1000 * revision });

/** A series in memory that refuses its first writes. */
class Series {
  readonly told: NumberedEvent[];
  refusals = 0;

  constructor(told: readonly NumberedEvent[] = []) {
    this.told = [...told];
  }

  async newestNumber(): Promise<number> {
    return this.told.at(-1)?.number ?? 0;
  }

  async append(events: readonly NumberedEvent[]): Promise<void> {
    if (this.refusals-- > 0) throw new Error('the store is away');
    this.told.push(...events);
  }
}

async function* editsAfter(stored: readonly StoredEdit[], revision: number, signal: AbortSignal) {
  yield* stored.filter((each) => each.revision > revision);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

describe('events of edits', () => {
  const tell = async (series: Series, stored: readonly StoredEdit[], count: number): Promise<string[]> => {
    const edits = (revision: number, signal: AbortSignal) => editsAfter(stored, revision, signal);
    const events = new EditEvents({ series, edits, logger: quietLogger });
    await until(() => series.told.length === count);
    await events.stop();
    return series.told.map(({ number, event }) => `${number} at ${event.timestamp?.seconds}: ${event.message}`);
  };

  it('tell each edit by the paths of what it wrote or deleted, and when', async () => {
    const stored = [edit(2, 'service.payment', 'mesh'), edit(5, 'workload.batch', 'budget.batch.payment')];
    assert.deepEqual(await tell(new Series(), stored, 2), [
      '2 at 2: revision 2: mesh, services.payment',
      '5 at 5: revision 5: budgets.batch.payment, workloads.batch',
    ]);
  });

  it('go on behind the newest one that the stream has, one by one', async () => {
    const stored = [edit(2, 'mesh'), edit(5, 'service.payment'), edit(6, 'service.payment')];
    const series = new Series();
    await tell(series, stored.slice(0, 1), 1);
    assert.deepEqual(await tell(series, stored, 3), [
      '2 at 2: revision 2: mesh',
      '5 at 5: revision 5: services.payment',
      '6 at 6: revision 6: services.payment',
    ]);
  });

  it('are told once and in order when the store refuses some at first', async () => {
    const series = new Series();
    series.refusals = 1;
    const stored = [edit(2, 'mesh'), edit(5, 'service.payment')];
    const told = await tell(series, stored, 2);
    assert.deepEqual(
      told.map((each) => each.split(' ')[0]),
      ['2', '5'],
    );
  });

  it('name ten paths and count the others', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `service.s-${index + 10}`);
    const [told = ''] = await tell(new Series(), [edit(12, ...keys)], 1);
    assert.match(told, /services\.s-19 and 2 more$/);
  });
});
