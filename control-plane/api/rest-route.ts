import type { ServerResponse } from 'node:http';
import type { JsonSchema } from '../../platform/message-schema.ts';
import type { ApiErrorCode } from './api-error.ts';
import type { RestCall } from './rest-call.ts';
import type { RestParameters } from './rest-parameters.ts';

/**
 * One route of the REST door: what it takes and answers, and what it does. The door serves it by this
 * description and `GET /openapi.json` tells it, so that a route cannot be there without one.
 */
export interface RestRoute {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** With its parameters in braces: `/v1/services/{name}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: RestTag;
  /**
   * What `Authorization: Bearer` has to hold: the admin token, or the enrolment secret of the workload that the
   * parameter or field `workloadId` names. `token`: the capacity token in header or body, looked at by the handler.
   * With `none` the route is for everybody, and unknown parameters of its query are let pass.
   */
  readonly credential: 'admin' | 'workload' | 'token' | 'none';
  readonly parameters?: {
    readonly path?: RestParameters;
    readonly query?: RestParameters;
    readonly header?: RestParameters;
  };
  readonly body?: RestBody;
  /** By status. A reply is written as its status says here. */
  readonly answers: Readonly<Record<number, RestContent>>;
  /** Refusals besides those that every route of its kind has. */
  readonly refuses?: readonly ApiErrorCode[];
  readonly handle: (call: RestCall) => RestReply | Promise<RestReply>;
}

export const REST_TAGS = {
  mesh: 'The desired state: services, workloads and their budgets.',
  capacity: 'Grants and tokens of workloads.',
  operation: 'What is measured, judged and done about it.',
  keys: 'Keys that tokens are signed with.',
  server: 'The control plane itself.',
} as const;

export type RestTag = keyof typeof REST_TAGS;

/** A JSON object that is read as a message, or a mesh file in YAML or JSON. */
export type RestBody =
  | {
      readonly kind: 'message';
      readonly type: string;
      /** Fields that parameters of the path say. */
      readonly fromPath?: readonly string[];
      /** Fields that a header may say instead of the body, and its name. */
      readonly fromHeader?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'mesh-file' };

export type RestContent = {
  readonly description: string;
  /** Headers that the answer always has. */
  readonly headers?: Readonly<Record<string, JsonSchema>>;
} & (
  | { readonly kind: 'message'; readonly type: string; readonly only?: readonly string[] }
  | { readonly kind: 'json'; readonly schema: JsonSchema; readonly mediaType?: string }
  | { readonly kind: 'text'; readonly mediaType: string }
  /** Server-sent events, whose data are messages. */
  | { readonly kind: 'events'; readonly type: string }
  | { readonly kind: 'nothing' }
);

export interface RestReply {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A ts-proto message, plain JSON or text, as the route describes it. */
  readonly value?: object | string;
  /** Writes a stream to the end. */
  readonly stream?: (raw: ServerResponse) => Promise<void>;
}

/** An answer with one message, or with some fields of it. */
export const messageAnswer = (description: string, type: string, only?: readonly string[]): RestContent => ({
  kind: 'message',
  description,
  type,
  ...(only !== undefined && { only }),
});

const ETAG = { etag: { type: 'string', pattern: '^"[^"]+"$' } };

/** An answer with one message and, as `ETag`, its revision. */
export const revisedAnswer = (description: string, type: string): RestContent => ({
  ...messageAnswer(description, type),
  headers: ETAG,
});

/** The `ETag` of a revision, for `If-Match`. */
export const etag = (revision: number): { readonly etag: string } => ({ etag: `"${revision}"` });
