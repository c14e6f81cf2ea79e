import assert from 'node:assert/strict';
import { eventMessage } from '../../../control-plane/loop/event-message.ts';
import { AXES, CapacityKernel, GATES } from '../../../core/index.ts';
import { messageDescriptor } from '../../../platform/message-registry.ts';
import { CapacityEvent } from '../../../proto/gen/capmesh/v1/events.ts';
import { GateStatus as GateStatusMessage } from '../../../proto/gen/capmesh/v1/gates.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import { assertNames, ONE_TENANT } from '../../support/seed-fixtures.ts';

describe('CapacityEvent', () => {
  it('has the fields of the design, with their numbers', () => {
    const { fields } = messageDescriptor('capmesh.v1.CapacityEvent');
    const told = fields.map(({ name, number, message }) => `${message?.typeName ?? 'string'} ${name} = ${number}`);
    assert.deepEqual(told.slice(0, 6), [
      'string workload_id = 1',
      'capmesh.v1.CapacityVector allocated = 2',
      'capmesh.v1.CapacityVector consumed = 3',
      'capmesh.v1.GateState gates = 4',
      'capmesh.v1.StabilityAction action_taken = 5',
      'google.protobuf.Timestamp timestamp = 6',
    ]);
    assert.ok(fields.slice(6).every(({ number }) => number > 6));
  });

  it('carries the vector and the gates by their names', () => {
    const names = (type: string) => messageDescriptor(type).fields.map(({ name }) => name);
    assert.equal(names('capmesh.v1.CapacityVector').join(), AXES.map((axis) => `c_${axis}`).join());
    assert.deepEqual(names('capmesh.v1.GateState'), [...GATES]);
  });

  it('is what a kernel tells when it acts', () => {
    const { player } = kernelPlayer(ONE_TENANT, CapacityKernel);
    player.seconds(60, { 'node-1': { calls: 100 } });
    player.seconds(4, { 'node-1': { calls: 100, latencyMs: 100 } });
    const events = player.effects.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
    const record = events.find(({ action }) => action !== null);
    assert.ok(record);
    const event = CapacityEvent.decode(CapacityEvent.encode(eventMessage(record)).finish());
    assertNames(event, ['workload_id', 'allocated', 'consumed', 'gates', 'action_taken', 'timestamp']);
    assert.deepEqual([event.workloadId, event.actionTaken?.gate], ['web', 'fit']);
    assert.equal(event.gates?.fit?.status, GateStatusMessage.GATE_STATUS_FAIL);
    assert.equal(event.allocated?.cInt, 0.5);
    assert.ok(Math.abs((event.consumed?.cInt ?? 0) - 0.1) < 0.01);
    assert.equal(event.timestamp?.seconds, record.wallMs / 1000);
  });
});
