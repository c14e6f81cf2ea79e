import { JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { Logger } from '../../platform/logger.ts';
import { StoreBusyError } from '../state/compare-and-set.ts';
import { EventsGoneError } from '../state/events-gone.ts';
import { ApiError } from './api-error.ts';

/** Any failure in terms that may be told to a caller. `null` = our own fault: it is logged and not explained. */
export function toApiError(error: unknown, logger: Logger): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof EventsGoneError) return new ApiError('gone', error.message);
  if (error instanceof StoreBusyError) return new ApiError('busy', error.message);
  if (isStoreTrouble(error)) {
    logger.warn({ err: error }, 'the store did not do as asked');
    return new ApiError('unavailable', 'the store cannot be reached; it is not known whether the change was stored');
  }
  logger.error({ err: error }, 'a call failed');
  return null;
}

const isStoreTrouble = (error: unknown): boolean =>
  error instanceof JetStreamError ||
  error instanceof errors.TimeoutError ||
  error instanceof errors.RequestError ||
  error instanceof errors.ConnectionError ||
  error instanceof errors.ClosedConnectionError ||
  error instanceof errors.DrainingConnectionError;
