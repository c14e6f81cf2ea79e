/** A number with as many digits as say something: 266.667, 0.8, 1200; `–` where there is none. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 1 : 3;
  return String(Number(value.toFixed(digits)));
}
