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

  it('knows its largest level, asked for the same length in every tick or in every third one', () => {
    const random = seededRandom(8);
    for (const ticks of [1, 2, 10, WINDOW_TICKS_MAX]) {
      for (const every of [1, 3]) {
        let window = new EdgeWindow();
        const told: number[] = [];
        for (let tick = 0; tick < 200; tick++) {
          told.push(Math.floor(9 * random()));
          window.push(1, { ...emptyDelta(), admittedLevelMax: told.at(-1) ?? 0 });
          if (tick === 120) window = EdgeWindow.fromPlain(window.toPlain());
          if (tick % every === 0) assert.equal(window.sums(ticks).admittedLevelMax, Math.max(...told.slice(-ticks)));
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
