import { validateMessage } from '../../platform/validate-message.ts';
import { ApiError, invalid } from './api-error.ts';

/** Throws `invalid` with every rule of the message that a request breaks. */
export function refuseInvalid(typeName: string, request: object): void {
  const problems = validateMessage(typeName, request);
  if (problems.length > 0) throw invalid(problems);
}

export const notDeclared = (workload: string): ApiError =>
  new ApiError('not-found', `workload "${workload}" is not declared in the mesh`);
