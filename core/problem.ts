/** One mistake in an input: where it is and what is wrong with it. */
export interface Problem {
  /** Path of the field, for example `budgets.checkout.payment.int`. */
  readonly path: string;
  readonly message: string;
}

/** Outcome of checking an input: the value, or everything that is wrong with it. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The mistakes in words, one text each. */
export const problemTexts = (problems: readonly Problem[]): string[] =>
  problems.map(({ path, message }) => `${path}: ${message}`);

/** Throws a RangeError that names all of them; for callers that hand over values of their own program. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new RangeError(problemTexts(problems).join('; '));
}
