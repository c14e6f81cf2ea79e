import type { RequestListener, ServerResponse } from 'node:http';
import { type Answer, isOk } from '../http/answer.ts';
import { type MeshCaller, PRIORITY_HEADER } from './mesh-caller.ts';

/**
 * Answers 200 when the services behind it did, called one after the other. The
 * first answer that is not good is passed on, with the reason of a refusal. They
 * are called at the priority of the call that they are called for.
 */
export function callingHandler(callers: readonly MeshCaller[]): RequestListener {
  return (request, response) => {
    request.resume();
    const priority = request.headers[PRIORITY_HEADER];
    void answerFrom(callers, typeof priority === 'string' ? priority : '').then((answer) => send(response, answer));
  };
}

async function answerFrom(callers: readonly MeshCaller[], priority: string): Promise<Answer> {
  for (const call of callers) {
    const answer = await call(priority);
    if (!isOk(answer)) return answer;
  }
  return { kind: 'answered', status: 200, denied: null };
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const body = isOk(answer) ? 'ok\n' : 'a service behind this one did not answer well\n';
  const denied = answer.kind === 'answered' && answer.denied !== null ? { 'x-capacity-denied': answer.denied } : {};
  response.writeHead(answer.kind === 'answered' ? answer.status : 502, {
    'content-type': 'text/plain',
    'content-length': body.length,
    ...denied,
  });
  response.end(body);
}
