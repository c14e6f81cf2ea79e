import { type Problem, problemTexts } from '../../core/problem.ts';

export type ApiErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'unsupported-media-type'
  | 'busy'
  | 'unavailable';

/** A call that is refused, in terms that both doors can say. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ApiErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message);
    this.code = code;
    this.problems = problems;
  }
}

/** A request with mistakes; the message holds them all, one a line. */
export const invalid = (problems: readonly Problem[]): ApiError =>
  new ApiError('invalid', problemTexts(problems).join('\n'), problems);
