/**
 * Whether a gRPC call that was UNAVAILABLE never reached anybody: the transport's
 * own words say so; any others are the server's.
 */
export const isUnreached = (details: string): boolean => /connection|ECONN|resol/i.test(details);
