/** What became of one call. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Value of `x-capacity-denied`: why Capmesh refused the call. */
      readonly denied: string | null;
    }
  | { readonly kind: 'failed'; readonly cause: string };

export const isOk = (answer: Answer): boolean =>
  answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
