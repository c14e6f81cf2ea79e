import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { CapmeshError } from '../../../client/capmesh-error.ts';

const errorOf = (code: number, details: string) =>
  CapmeshError.from(Object.assign(new Error(), { code, details }), 'a:1');

describe('CapmeshError', () => {
  it('has a code for every status that the control plane answers with', () => {
    const codes = (
      [
        'UNAVAILABLE',
        'DEADLINE_EXCEEDED',
        'UNAUTHENTICATED',
        'PERMISSION_DENIED',
        'INVALID_ARGUMENT',
        'NOT_FOUND',
        'RESOURCE_EXHAUSTED',
        'ABORTED',
        'CANCELLED',
        'INTERNAL',
        'UNIMPLEMENTED',
      ] as const
    ).map((name) => `${name} ${errorOf(status[name], 'x').code}`);
    assert.deepEqual(codes, [
      'UNAVAILABLE unavailable',
      'DEADLINE_EXCEEDED timeout',
      'UNAUTHENTICATED credentials',
      'PERMISSION_DENIED credentials',
      'INVALID_ARGUMENT invalid',
      'NOT_FOUND not-found',
      'RESOURCE_EXHAUSTED busy',
      'ABORTED busy',
      'CANCELLED closed',
      'INTERNAL failed',
      'UNIMPLEMENTED failed',
    ]);
  });

  it('says how to start a control plane where none answers, and nothing where one does', () => {
    const nobody = errorOf(status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED a:1');
    assert.match(nobody.message, /^control plane at a:1: No connection .*\. Is a control plane running there\?/);
    const answered = errorOf(status.UNAVAILABLE, 'no sidecar of the mesh is there');
    assert.deepEqual([answered.message, answered.hint], ['control plane at a:1: no sidecar of the mesh is there', '']);
  });

  it('is made of anything that was thrown, once', () => {
    const own = errorOf(status.ABORTED, 'x');
    assert.equal(CapmeshError.from(own, 'b:2'), own);
    for (const [thrown, says] of [
      [new TypeError('odd'), 'odd'],
      ['text', 'text'],
      [undefined, 'undefined'],
      [null, 'null'],
    ] as const) {
      const error = CapmeshError.from(thrown, 'a:1');
      assert.equal(error.code, 'failed');
      assert.ok(error.message.startsWith(`control plane at a:1: ${says}`), error.message);
    }
    const cause = new TypeError('odd');
    assert.equal(CapmeshError.from(cause, 'a:1').cause, cause);
  });
});
