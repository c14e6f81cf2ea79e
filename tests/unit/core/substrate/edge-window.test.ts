import assert from 'node:assert/strict';
import { seededRandom } from '../../../../core/simulation/seeded-random.ts';
import { emptyDelta } from '../../../../core/substrate/edge-delta.ts';
import { EdgeWindow, WINDOW_TICKS_MAX } from '../../../../core/substrate/edge-window.ts';
import { EdgeSums } from '../../../../core/substrate/window-sums.ts';

describe('the window of an edge', () => {
  it('sums as its ticks do one by one, for windows of any length and edges beside each other', () => {
    const random = seededRandom(7);
    const windows = [new EdgeWindow(), new EdgeWindow()];
    const told: { offered: number; level: number; inFlight: number }[][] = [[], []];
    for (let tick = 0; tick < 150; tick++) {
      for (const [i, window] of windows.entries()) {
        const [offered, level, inFlight] = [random(), random(), random()].map((share) => Math.floor(50 * share)) as [
          number,
          number,
          number,
        ];
        window.push(1, { ...emptyDelta(), offered, admittedLevelMax: level, inFlight, latencyBuckets: [0, 1] });
        told[i]?.push({ offered, level, inFlight });
      }
      for (const ticks of [1, 2, 10, 59, WINDOW_TICKS_MAX]) {
        for (const [i, window] of windows.entries()) {
          const newest = told[i]?.slice(-ticks) ?? [];
          const { offered, admittedLevelMax, inFlightEnd, answers } = window.sums(ticks);
          assert.deepEqual(
            { offered, admittedLevelMax, inFlightEnd, answers },
            {
              offered: newest.reduce((sum, one) => sum + one.offered, 0),
              admittedLevelMax: Math.max(...newest.map(({ level }) => level)),
              inFlightEnd: newest.at(-1)?.inFlight,
              answers: newest.length,
            },
          );
        }
      }
    }
  });

  it('writes into sums that stay as they are when they are copied', () => {
    const window = new EdgeWindow();
    window.push(1, { ...emptyDelta(), offered: 5 });
    const sums = window.sumInto(new EdgeSums(), 10);
    const copy = sums.copy();
    window.push(1, { ...emptyDelta(), offered: 2 });
    window.sumInto(sums, 10);
    assert.deepEqual([copy.offered, sums.offered, sums.durationSec], [5, 7, 2]);
    assert.deepEqual(EdgeSums.fromPlain(sums.toPlain()).copy(), sums.copy());
  });
});
