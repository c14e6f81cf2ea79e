/** Outcome of one check of `capmesh doctor`. */
export interface Finding {
  readonly check: string;
  /** `warn` works, perhaps not as wanted; `fail` does not work. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do about it; empty when all is well. */
  readonly todo: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message, todo: '' });

export const warn = (check: string, message: string, todo: string): Finding => ({
  check,
  level: 'warn',
  message,
  todo,
});

export const fail = (check: string, message: string, todo: string): Finding => ({
  check,
  level: 'fail',
  message,
  todo,
});
