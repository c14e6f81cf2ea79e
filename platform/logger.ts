import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * JSON lines on stderr, level from `CAPMESH_LOG` (default info). Values under
 * keys that may hold a credential are replaced.
 */
export function createLogger(name: string): Logger {
  return pino(
    {
      name,
      level: process.env.CAPMESH_LOG ?? 'info',
      redact: {
        paths: ['token', 'secret', 'authorization', '*.token', '*.secret', '*.authorization'],
        censor: '[redacted]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
