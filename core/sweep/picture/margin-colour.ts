import type { GateResult } from '../point-result.ts';

/** Margins beyond this, on either hand, are all drawn in the strongest colour. */
export const MARGIN_SHOWN = 1;
/** Of gates that are UNKNOWN. */
export const UNKNOWN_COLOUR = '#d0d0d0';
/** Of gates that have nothing to judge. */
export const NOT_APPLICABLE_COLOUR = '#f0f0f0';

type Rgb = readonly [red: number, green: number, blue: number];

/** Red and blue differ to every eye; white is the threshold itself. */
const FAILING: Rgb = [178, 24, 43];
const THRESHOLD: Rgb = [247, 247, 247];
const OPEN: Rgb = [33, 102, 172];
/** A gate that failed is never drawn as open, whatever its u was later. */
const FAILED_MARGIN = -0.05;

/** 1 − u; `null` where none was measured. */
export const marginOf = ({ u }: GateResult): number | null => (u === null ? null : 1 - u);

/** The colour of a gate at one point: its margin, or that there is none. */
export function gateColour(gate: GateResult): string {
  if (gate.status === 'NOT_APPLICABLE') return NOT_APPLICABLE_COLOUR;
  const margin = marginOf(gate);
  if (gate.status === 'FAIL') return marginColour(Math.min(margin ?? -MARGIN_SHOWN, FAILED_MARGIN));
  return gate.status === 'UNKNOWN' || margin === null ? UNKNOWN_COLOUR : marginColour(margin);
}

/** The colour of a margin 1 − u: red below 0, blue above, the stronger the further away. */
export function marginColour(margin: number): string {
  const strength = Math.min(1, Math.abs(margin) / MARGIN_SHOWN) ** 0.7;
  const end = margin < 0 ? FAILING : OPEN;
  const mixed = THRESHOLD.map((from, i) => Math.round(from + strength * ((end[i] ?? 0) - from)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Ink that can be read on a colour. */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 140 ? '#ffffff' : '#202020';
}
