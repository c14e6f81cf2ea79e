import assert from 'node:assert/strict';
import type { Problem } from '../../../../core/problem.ts';
import { parseAxes, type SweepMode, sweepPoints } from '../../../../core/sweep/sweep-points.ts';

function read(mode: SweepMode, ...texts: string[]) {
  const problems: Problem[] = [];
  const axes = parseAxes(texts, mode, problems);
  return { axes, problems: problems.map(({ path, message }) => `${path}: ${message}`) };
}

describe('axes of a sweep', () => {
  it('are read from a range, whose steps are exact decimals', () => {
    const { axes, problems } = read('grid', 'int=0.1:1:0.1', 'load=0.5:2:0.25');
    assert.deepEqual(problems, []);
    assert.deepEqual(axes, [
      { name: 'int', values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] },
      { name: 'load', values: [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] },
    ]);
  });

  it('are read from a list, and a range stops where no whole step is left', () => {
    assert.deepEqual(read('grid', 'ptr=0.9,0.1', 'obs=0:0.5:0.2').axes, [
      { name: 'ptr', values: [0.9, 0.1] },
      { name: 'obs', values: [0, 0.2, 0.4] },
    ]);
  });

  it('tell every mistake at once, each with its option', () => {
    assert.deepEqual(
      read('grid', 'width=1', 'int=0.1:1', 'ptr=0.5:0.1:0.1', 'geo=0:1:0', 'obs=a', 'gauge=0,1.5').problems,
      [
        '--axis width=1: must begin with one of geo, int, gauge, ptr, obs, load and "="',
        '--axis int=0.1:1: needs from:to:step',
        '--axis ptr=0.5:0.1:0.1: must end at or after its start (got 0.5:0.1)',
        '--axis geo=0:1:0: the step must be > 0 (got 0)',
        '--axis obs=a: needs numbers: from:to:step, or values with commas between them',
        '--axis gauge=0,1.5: must stay in 0 … 1 (got 1.5)',
      ],
    );
  });

  it('refuse what does not go together', () => {
    assert.deepEqual(read('grid').problems, ['--axis: give at least one, for example int=0.1:1:0.1']);
    assert.deepEqual(read('grid', 'int=0.5', 'int=0.6').problems, ['--axis int: is given twice']);
    assert.deepEqual(read('paired', 'int=0.5,0.6', 'ptr=0.5').problems, [
      '--paired: needs axes with the same number of values (got 2, 1)',
    ]);
    assert.match(read('grid', 'int=0:1:0.005').problems.join(), /at most 200 values \(got 201\)/);
    assert.deepEqual(read('grid', 'int=0:1:0.01', 'ptr=0:1:0.01').problems, [
      '--axis: together at most 10000 points (got 10201)',
    ]);
  });
});

describe('points of a sweep', () => {
  const { axes } = read('grid', 'int=0.1,0.2', 'ptr=0.3,0.4', 'load=1,2');

  it('are each with each in a grid, the first axis changing quickest', () => {
    const points = sweepPoints(axes, 'grid');
    assert.deepEqual(
      points.map(({ values }) => Object.values(values).join(' ')),
      ['0.1 0.3 1', '0.2 0.3 1', '0.1 0.4 1', '0.2 0.4 1', '0.1 0.3 2', '0.2 0.3 2', '0.1 0.4 2', '0.2 0.4 2'],
    );
    assert.deepEqual(
      points.map(({ index }) => index),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
  });

  it('are taken value by value where the axes are paired', () => {
    assert.deepEqual(sweepPoints(axes, 'paired'), [
      { index: 0, values: { int: 0.1, ptr: 0.3, load: 1 } },
      { index: 1, values: { int: 0.2, ptr: 0.4, load: 2 } },
    ]);
  });
});
