import assert from 'node:assert/strict';
import { Agenda } from '../../../../core/simulation/agenda.ts';
import { seededRandom } from '../../../../core/simulation/seeded-random.ts';

describe('agenda of a simulation', () => {
  it('lets things happen in the order of their times, whatever the order of putting down', () => {
    const random = seededRandom(1);
    const times = Array.from({ length: 5000 }, random);
    const agenda = new Agenda();
    const happened: number[] = [];
    for (const atSec of times) agenda.add(atSec, (nowSec, planned: number) => happened.push(nowSec, planned), atSec);
    agenda.runTo(0.5);
    assert.ok(happened.every((sec) => sec <= 0.5));
    agenda.runTo(1);
    assert.deepEqual(
      happened,
      times.sort((a, b) => a - b).flatMap((sec) => [sec, sec]),
    );
    assert.equal(agenda.size, 0);
  });

  it('keeps the order of putting down at the same moment, also among others', () => {
    const random = seededRandom(2);
    const agenda = new Agenda();
    const happened: string[] = [];
    const expected: [number, number][] = [];
    for (let i = 0; i < 2000; i++) {
      const atSec = Math.floor(10 * random());
      expected.push([atSec, i]);
      agenda.add(atSec, (nowSec, nth: number) => happened.push(`${nowSec} ${nth}`), i);
    }
    agenda.runTo(10);
    assert.deepEqual(
      happened,
      expected.sort(([a, i], [b, j]) => a - b || i - j).map((one) => one.join(' ')),
    );
  });

  it('takes in what is put down while it runs', () => {
    const agenda = new Agenda();
    const happened: number[] = [];
    const again = (nowSec: number): void => {
      happened.push(nowSec);
      agenda.add(nowSec + 1, again, null);
    };
    agenda.add(1, again, null);
    agenda.runTo(4.5);
    assert.deepEqual(happened, [1, 2, 3, 4]);
    assert.equal(agenda.size, 1);
  });
});
