import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import type { KeyList } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { KeyView } from '../state/key-rotation.ts';

/** Public keys as the Admin API tells them. */
export const keyListMessage = (keys: readonly KeyView[]): KeyList => ({
  keys: keys.map(({ kid, state, signsFromMs, endsAtMs, own }) => ({
    kid,
    state,
    signsFrom: secondsAndNanos(signsFromMs),
    endsAt: endsAtMs === null ? undefined : secondsAndNanos(endsAtMs),
    own,
  })),
});
