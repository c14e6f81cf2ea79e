import { MARGIN_SHOWN, marginColour, NOT_APPLICABLE_COLOUR, UNKNOWN_COLOUR } from './margin-colour.ts';
import { element, group, rect, text } from './svg.ts';

const SCALE_WIDTH = 260;
const SCALE_STEPS = 52;
const LINE_HEIGHT = 24;
const SWATCH = 16;

/** Of points at which all gates stay open. */
export const STABLE_COLOUR = '#1b7837';
/** Of points at which a gate fails. */
export const UNSTABLE_COLOUR = '#f1e2c6';

/** What colours, letters and lines mean. */
export function legend(): string {
  const step = SCALE_WIDTH / SCALE_STEPS;
  const scale = Array.from({ length: SCALE_STEPS }, (_, i) =>
    rect(i * step, 28, step + 0.5, 18, { fill: marginColour(MARGIN_SHOWN * ((2 * (i + 0.5)) / SCALE_STEPS - 1)) }),
  );
  const ticks = [-1, -0.5, 0, 0.5, 1].flatMap((part) => {
    const x = (SCALE_WIDTH * (part + 1)) / 2;
    const sign = part < 0 ? '−' : part > 0 ? '+' : '';
    const mark = `${Math.abs(part) === 1 ? '≥ '.repeat(part > 0 ? 1 : 0) + '≤ '.repeat(part < 0 ? 1 : 0) : ''}${sign}${Math.abs(part * MARGIN_SHOWN)}`;
    return [
      element('line', { x1: x, y1: 46, x2: x, y2: 51, stroke: '#606060' }),
      text(x, 64, mark, { 'text-anchor': 'middle' }),
    ];
  });
  return group({ class: 'legend' }, [
    text(0, 14, 'margin 1 − u of a gate', { 'font-weight': 'bold' }),
    ...scale,
    rect(0, 28, SCALE_WIDTH, 18, { fill: 'none', stroke: '#606060' }),
    ...ticks,
    text(0, 84, 'fails', { fill: marginColour(-1) }),
    text(SCALE_WIDTH, 84, 'open', { fill: marginColour(1), 'text-anchor': 'end' }),
    ...entries([
      [UNKNOWN_COLOUR, '?  not known: too little data'],
      [NOT_APPLICABLE_COLOUR, 'n/a  nothing to judge'],
      [STABLE_COLOUR, 'stable: all four gates open'],
      [UNSTABLE_COLOUR, 'not stable; F G U I = fit, gluing, UV, isolation fails'],
    ]),
    element('line', { x1: 0, y1: 216, x2: SWATCH, y2: 216, stroke: '#000000', 'stroke-width': 3 }),
    text(SWATCH + 10, 220, 'boundary of the stable region'),
  ]);
}

const entries = (lines: readonly (readonly [colour: string, words: string])[]): string[] =>
  lines.flatMap(([colour, words], i) => {
    const y = 104 + i * LINE_HEIGHT;
    return [
      rect(0, y, SWATCH, SWATCH, { fill: colour, stroke: '#606060', 'stroke-width': 0.5 }),
      text(SWATCH + 10, y + 13, words),
    ];
  });
