import { GATES, type GateName } from '../../gates/gate-state.ts';
import { failingLetters, type PointResult } from '../point-result.ts';
import { stableCells } from '../stable-region.ts';
import type { SweepPlane, SweptPoint } from '../sweep-plane.ts';
import { legend, STABLE_COLOUR, UNSTABLE_COLOUR } from './legend.ts';
import { gateColour, marginOf, UNKNOWN_COLOUR } from './margin-colour.ts';
import { type CellLook, panel, panelSize } from './panel.ts';
import { element, group, rect, text } from './svg.ts';

/** Planes drawn at most; the terminal's table and the points tell of all. */
export const PLANES_DRAWN_MAX = 12;
const PANELS_A_LINE = 3;
const LEGEND_WIDTH = 420;
const LEGEND_HEIGHT = 250;
const PAGE_MARGIN = 24;
const NOTE_HEIGHT = 18;

const GATE_WORDS: Readonly<Record<GateName, string>> = {
  fit: 'fit',
  gluing: 'gluing',
  uv: 'UV',
  isolation: 'isolation',
};

/**
 * A sweep as one SVG: for each plane the margin of every gate, the stable region
 * and its boundary. Letters are text in whatever sans-serif font there is.
 *
 * @param notes under the title, one line each
 */
export function sweepPicture(title: string, notes: readonly string[], planes: readonly SweepPlane[]): string {
  const drawn = planes.slice(0, PLANES_DRAWN_MAX);
  const left = planes.length - drawn.length;
  const lines = left > 0 ? [...notes, `${left} more combinations of the other axes are not drawn`] : notes;
  let y = PAGE_MARGIN + 30 + NOTE_HEIGHT * lines.length;
  let width = 0;
  const blocks = drawn.map((plane) => {
    const block = planeBlock(plane);
    const placed = group({ transform: `translate(${PAGE_MARGIN} ${y})` }, [block.svg]);
    y += block.height;
    width = Math.max(width, block.width);
    return placed;
  });
  const page = { width: width + 2 * PAGE_MARGIN, height: y + PAGE_MARGIN };
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      ...page,
      viewBox: `0 0 ${page.width} ${page.height}`,
      'font-family': 'sans-serif',
      'font-size': 12,
      fill: '#202020',
    },
    [
      '',
      element('title', {}, title.replaceAll('&', '&amp;').replaceAll('<', '&lt;')),
      rect(0, 0, page.width, page.height, { fill: '#ffffff' }),
      text(PAGE_MARGIN, PAGE_MARGIN + 14, title, { 'font-size': 18, 'font-weight': 'bold' }),
      ...lines.map((line, i) => text(PAGE_MARGIN, PAGE_MARGIN + 36 + NOTE_HEIGHT * i, line, { fill: '#505050' })),
      ...blocks,
      '',
    ].join('\n'),
  )}\n`;
}

/** The five panels of a plane and the legend, three in a line. */
function planeBlock(plane: SweepPlane): { readonly svg: string; readonly width: number; readonly height: number } {
  const stable = stableCells(plane);
  const size = panelSize(plane);
  const column = Math.max(size.width, LEGEND_WIDTH);
  const line = Math.max(size.height, LEGEND_HEIGHT);
  const above = plane.title === '' ? 8 : 32;
  const parts = [
    ...GATES.map((gate) => panel(`${GATE_WORDS[gate]}: margin 1 − u`, plane, stable, (point) => gateLook(point, gate))),
    panel('stable region', plane, stable, regionLook),
    group({ transform: 'translate(56 0)' }, [legend()]),
  ];
  const placed = parts.map((part, i) =>
    group(
      {
        transform: `translate(${(i % PANELS_A_LINE) * column} ${above + Math.floor(i / PANELS_A_LINE) * line})`,
      },
      [part],
    ),
  );
  const heading = plane.title === '' ? [] : [text(0, 16, plane.title, { 'font-size': 15, 'font-weight': 'bold' })];
  return { svg: [...heading, ...placed].join('\n'), width: PANELS_A_LINE * column, height: above + 2 * line };
}

function gateLook({ result }: SweptPoint, name: GateName): CellLook {
  const gate = result.gates[name];
  return { colour: gateColour(gate), label: gateLabel(gate) };
}

function gateLabel(gate: PointResult['gates'][GateName]): string {
  if (gate.status === 'NOT_APPLICABLE') return 'n/a';
  const margin = marginOf(gate);
  if (gate.status === 'UNKNOWN' || margin === null) return gate.status === 'FAIL' ? '×' : '?';
  if (margin < -9.9) return '<−9';
  const size = Math.abs(margin);
  return `${margin < 0 ? '−' : ''}${size < 0.1 ? size.toFixed(2).replace('0.', '.') : size.toFixed(1)}`;
}

function regionLook({ result }: SweptPoint): CellLook {
  if (result.stable) return { colour: STABLE_COLOUR, label: '' };
  const letters = failingLetters(result);
  return letters === '' ? { colour: UNKNOWN_COLOUR, label: '?' } : { colour: UNSTABLE_COLOUR, label: letters };
}
