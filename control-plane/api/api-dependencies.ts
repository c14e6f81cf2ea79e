import type { Registry } from 'prom-client';
import type { Logger } from '../../platform/logger.ts';
import type { LeadershipState } from '../leader/leadership.ts';
import type { PublishedKey } from '../state/key-store.ts';
import type { AdminHandlers } from './admin-handlers.ts';
import type { Authenticator } from './authenticator.ts';
import type { CapacityHandlers } from './capacity-handlers.ts';
import type { OperationHandlers } from './operation-handlers.ts';

/** What both doors need. */
export interface ApiDependencies {
  readonly admin: AdminHandlers;
  readonly capacity: CapacityHandlers;
  readonly operations: OperationHandlers;
  readonly authenticator: Authenticator;
  /** Whether the store can be reached and the first configuration is there. */
  readonly isReady: () => boolean;
  /** Whether this replica leads, and who does. */
  readonly leadership: () => LeadershipState;
  readonly logger: Logger;
}

export interface RestDependencies extends ApiDependencies {
  /** What tokens are verified with. */
  readonly publicKeys: () => readonly PublishedKey[];
  readonly metrics: Pick<Registry, 'metrics' | 'contentType'>;
}
