import assert from 'node:assert/strict';
import { sweepPicture } from '../../../../core/sweep/picture/sweep-picture.ts';
import type { SweepAxis } from '../../../../core/sweep/sweep-axis.ts';
import { sweepPlanes } from '../../../../core/sweep/sweep-plane.ts';
import { pointResult, sweptGrid } from '../../../support/swept-points.ts';

const AXES: readonly SweepAxis[] = [
  { name: 'int', values: [0.2, 0.4, 0.6] },
  { name: 'ptr', values: [0.5, 1] },
];

/** Stable below int 0.5; isolation has nothing to judge. */
const POINTS = sweptGrid(AXES, ({ values: { int = 0 } }) =>
  pointResult({ isolation: 'NOT_APPLICABLE', ...(int > 0.5 && { fit: 'FAIL', uv: 'FAIL' }) }),
);

const count = (svg: string, what: RegExp): number => [...svg.matchAll(what)].length;

/** The texts of the panel with a title, in their order. */
function panelTexts(svg: string, title: string): string[] {
  const panel = svg.split('<g class="panel">').find((part) => part.includes(`>${title}</text>`)) ?? '';
  return [...panel.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content]) => content ?? '');
}

describe('the picture of a sweep', () => {
  const svg = sweepPicture('shop: budgets', ['load: web → <storefront> & "co"'], sweepPlanes(AXES, 'grid', POINTS));

  it('has a panel for each gate and one for the stable region, each with every cell', () => {
    assert.equal(count(svg, /class="panel"/g), 5);
    assert.equal(count(svg, /class="cell"/g), 5 * 6);
    for (const title of ['fit', 'gluing', 'UV', 'isolation'])
      assert.ok(svg.includes(`>${title}: margin 1 − u<`), title);
  });

  it('names both axes, ticks every value and writes the margin into each cell', () => {
    const texts = panelTexts(svg, 'fit: margin 1 − u');
    const cells = ['0.5', '0.5', '−2.0', '0.5', '0.5', '−2.0'];
    assert.deepEqual(texts.slice(1, 7), cells);
    const ticks = texts.slice(7);
    assert.deepEqual([...ticks.slice(0, 3), ...ticks.slice(4, 6)], ['0.2', '0.4', '0.6', '0.5', '1']);
    assert.match(ticks[3] ?? '', /^int/);
    assert.match(ticks[6] ?? '', /^ptr/);
  });

  it('tells small margins to two digits, so that their side of the threshold is seen', () => {
    const near = sweptGrid(AXES, ({ index }) => {
      const result = pointResult({ fit: 'FAIL' });
      return { ...result, gates: { ...result.gates, fit: { ...result.gates.fit, u: 1 + index / 100 } } };
    });
    const texts = panelTexts(sweepPicture('', [], sweepPlanes(AXES, 'grid', near)), 'fit: margin 1 − u');
    assert.deepEqual(texts.slice(1, 7), ['.00', '−.01', '−.02', '−.03', '−.04', '−.05']);
  });

  it('draws the same boundary in every panel: the two sides between int 0.4 and 0.6', () => {
    const paths = [...svg.matchAll(/class="boundary"[^>]* d="([^"]*)"/g)].map(([, path]) => path ?? '');
    assert.equal(paths.length, 5);
    assert.equal(new Set(paths).size, 1);
    const cells = [...svg.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)"[^>]*class="cell"/g)].slice(0, 6);
    // The left sides of the third cell of each row, upwards.
    const sides = [cells[2], cells[5]].map((cell) => {
      const [x = 0, y = 0, size = 0] = (cell ?? []).slice(1).map(Number);
      return `M${x} ${y + size}L${x} ${y}`;
    });
    assert.equal(paths[0], sides.join(''));
  });

  it('says which gates fail, and where there is nothing to judge', () => {
    assert.deepEqual(
      panelTexts(svg, 'stable region').filter((text) => /^[FGUI]+$/.test(text)),
      ['FU', 'FU'],
    );
    assert.equal(panelTexts(svg, 'isolation: margin 1 − u').filter((text) => text === 'n/a').length, 6);
  });

  it('has a legend with the scale of the margin, and is well-formed whatever the names', () => {
    assert.equal(count(svg, /class="legend"/g), 1);
    assert.ok(svg.includes('>load: web → &lt;storefront&gt; &amp; &quot;co&quot;</text>'));
    assert.equal(count(svg, /<g[ >]/g), count(svg, /<\/g>/g));
    assert.equal(count(svg, /NaN|undefined|Infinity/g), 0);
  });

  it('leaves out labels that would not fit, and stacks one block for each value of a third axis', () => {
    const many = { name: 'int', values: Array.from({ length: 60 }, (_, i) => i / 60) } as const;
    const axes: SweepAxis[] = [many, { name: 'ptr', values: [1] }, { name: 'load', values: [1, 2] }];
    const wide = sweepPicture(
      '',
      [],
      sweepPlanes(
        axes,
        'grid',
        sweptGrid(axes, () => pointResult()),
      ),
    );
    assert.equal(count(wide, /class="panel"/g), 10);
    assert.ok(wide.includes('>load 2</text>'));
    assert.ok(panelTexts(wide, 'fit: margin 1 − u').length < 20);
  });

  it('leaves cells empty that were not evaluated', () => {
    const half = sweepPicture('', [], sweepPlanes(AXES, 'grid', POINTS.slice(0, 3)));
    assert.equal(count(half, /class="cell" fill="none"/g), 5 * 3);
  });
});
