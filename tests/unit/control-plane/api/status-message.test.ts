import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type StatusInput, statusMessage } from '../../../../control-plane/api/status-message.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { validateMessage } from '../../../../platform/validate-message.ts';
import { WORKED_EXAMPLE } from '../../../support/worked-example.ts';

function input(over: Partial<StatusInput> = {}): StatusInput {
  const parsed = parseMeshFile(WORKED_EXAMPLE);
  if (!parsed.ok) throw new Error('the worked example is a mesh');
  const state = createKernel();
  step(state, { kind: 'config', config: parsed.value });
  return { view: viewOf(state, 0), xdsNodes: [], rollout: null, wallMs: 1_800_000_000_250, replicas: [], ...over };
}

const node = (name: string, upToDate: boolean, connected = true) => ({
  node: name,
  connected,
  version: 'v1',
  appliedAtMs: upToDate ? 1_800_000_000_007 : null,
  upToDate,
  nacks: upToDate ? [] : [nack(name)],
});
const nack = (name: string) => ({
  node: name,
  typeUrl: 't',
  resource: 'edge/a/b',
  source: 'budgets.a.b',
  version: 'v1',
  message: 'no',
  atMs: 0,
});

describe('status', () => {
  it('is a valid message and carries the figures of the plan', () => {
    const status = statusMessage(input());
    deepEqual(validateMessage('capmesh.v1.Status', status), []);
    deepEqual(status.at, { seconds: 1_800_000_000, nanos: 250_000_000 });
    const edge = status.edges.find(({ workload, service }) => workload === 'checkout' && service === 'payment');
    deepEqual([edge?.maxRequests, edge?.budget?.cInt, edge?.budget?.cGeo], [16, 0.8, undefined]);
    equal(status.lastEdit, undefined);
  });

  it('knows a node from its stream, from its frames, or both', () => {
    const view = { ...input().view, nodes: [{ node: 'node-2', frameAgeMs: 12.6, leaseSeq: 4 }] };
    const { nodes } = statusMessage(input({ view, xdsNodes: [node('node-1', true), node('node-2', false)] }));
    deepEqual(
      nodes.map((each) => [each.node, each.connected, each.upToDate, each.frameAgeMs, each.leaseSeq]),
      [
        ['node-1', true, true, 2 ** 32 - 1, 0],
        ['node-2', true, false, 13, 4],
      ],
    );
    deepEqual(
      nodes.map(({ appliedAt }) => appliedAt),
      [{ seconds: 1_800_000_000, nanos: 7_000_000 }, undefined],
    );
  });

  it('says how far an edit has come among the nodes that were there', () => {
    const rollout = { revision: 9, nodesTotal: 3, nodesApplied: 2, p50Ms: 20, p99Ms: 41, nacks: [nack('node-3')] };
    deepEqual(statusMessage(input({ rollout, xdsNodes: [node('node-1', true)] })).lastEdit, {
      ...rollout,
      nacks: [{ node: 'node-3', resource: 'edge/a/b', message: 'no' }],
    });
  });

  it('counts the nodes that came later when none was there', () => {
    const rollout = { revision: 9, nodesTotal: 0, nodesApplied: 0, p50Ms: 0, p99Ms: 0, nacks: [] };
    const xdsNodes = [node('node-1', true), node('node-2', false), node('node-3', false, false)];
    const { lastEdit } = statusMessage(input({ rollout, xdsNodes }));
    deepEqual([lastEdit?.nodesApplied, lastEdit?.nodesTotal, lastEdit?.nacks.length], [1, 2, 1]);
  });
});
