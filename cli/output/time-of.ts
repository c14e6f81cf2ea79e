import { millisecondsOf } from '../../platform/protobuf-time.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';

type Timestamp = CapacityEvent['timestamp'];

/** RFC 3339 in UTC, to the millisecond. */
export const timeOf = (timestamp: Timestamp): string =>
  timestamp === undefined ? '–' : new Date(millisecondsOf(timestamp)).toISOString();

/** UTC milliseconds; 0 where there is no time. */
export const msOf = (timestamp: Timestamp): number => (timestamp === undefined ? 0 : millisecondsOf(timestamp));
