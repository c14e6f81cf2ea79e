import type { NatsConnection } from '@nats-io/transport-node';

/** Largest message that the server takes, bytes, with room for headers. */
export const maxPayload = ({ info }: NatsConnection): number => (info?.max_payload ?? 1024 * 1024) - 4096;
