import type { messageToJson } from '../../platform/message-json.ts';
import type { Rollout } from '../../proto/gen/capmesh/v1/admin_service.ts';

/** Proto JSON of an answer. Loaded when it is asked for: descriptors cost a quick command a fifth of a second. */
export async function toJson(...args: Parameters<typeof messageToJson>): Promise<Record<string, unknown>> {
  const platform = await import('../../platform/message-json.ts');
  return platform.messageToJson(...args);
}

/** An answer about an edit together with how far the edit has reached; `null` when nobody waited for it. */
export async function withRollout(typeName: string, answer: object, rollout: Rollout | undefined): Promise<object> {
  return {
    ...(await toJson(typeName, answer)),
    rollout: rollout === undefined ? null : await toJson('capmesh.v1.Rollout', rollout),
  };
}
