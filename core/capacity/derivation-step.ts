/** One number and how it came about; same shape as `capmesh.v1.DerivationStep`. */
export interface DerivationStep {
  readonly quantity: string;
  /** The formula with its symbols. */
  readonly formula: string;
  /** The formula with the numbers put in. */
  readonly substitution: string;
  readonly result: string;
}

/** One step of a derivation from its four texts. */
export const step = (quantity: string, formula: string, substitution: string, result: string): DerivationStep => ({
  quantity,
  formula,
  substitution,
  result,
});

/** Up to three decimals. */
export const num = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'unknown' : String(Number(value.toFixed(3)));

/** Milliseconds in seconds, exact enough to repeat a bucket's interval. */
export const seconds = (valueMs: number): string => `${Number((valueMs / 1000).toPrecision(7))} s`;

const LISTED_MAX = 8;

/** Items in a row; of a long list the first eight and how many more there are. */
export const list = (items: readonly string[]): string =>
  items.length <= LISTED_MAX
    ? items.join(', ')
    : `${items.slice(0, LISTED_MAX).join(', ')}, … ${items.length - LISTED_MAX} more`;
