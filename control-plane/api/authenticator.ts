import { readFileSync } from 'node:fs';
import { hashSecret, matchesSecret } from '../admission/secrets.ts';
import { ApiError } from './api-error.ts';

const ADMIN_TOKEN_MIN = 16;

/** Who may call what: operators by the admin token, workloads by their enrolment secret. */
export class Authenticator {
  readonly #adminHash: string;
  readonly #proves: (workload: string, secret: string) => boolean;

  constructor(adminToken: string, proves: (workload: string, secret: string) => boolean) {
    if (adminToken.length < ADMIN_TOKEN_MIN) {
      throw new Error(`the admin token has fewer than ${ADMIN_TOKEN_MIN} characters`);
    }
    this.#adminHash = hashSecret(adminToken);
    this.#proves = proves;
  }

  static fromFile(file: string, proves: (workload: string, secret: string) => boolean): Authenticator {
    return new Authenticator(readFileSync(file, 'utf8').trim(), proves);
  }

  /** Throws unless the value of `authorization` is `Bearer <admin token>`. */
  requireAdmin(authorization: string | undefined): void {
    if (!matchesSecret(bearer(authorization), this.#adminHash)) {
      throw new ApiError('unauthenticated', 'the admin token is needed: authorization: Bearer <token>');
    }
  }

  /** Throws unless the value of `authorization` is `Bearer <enrolment secret of workload>`. */
  requireWorkload(workload: string, authorization: string | undefined): void {
    if (!this.#proves(workload, bearer(authorization))) {
      throw new ApiError(
        'unauthenticated',
        'the enrolment secret of the workload is needed: authorization: Bearer <secret>',
      );
    }
  }
}

const bearer = (authorization: string | undefined): string => /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
