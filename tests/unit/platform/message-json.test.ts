import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { messageFromJson, messageToJson } from '../../../platform/message-json.ts';
import { messageRegistry } from '../../../platform/message-registry.ts';
import * as admin from '../../../proto/gen/capmesh/v1/admin_service.ts';
import * as capacity from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import * as events from '../../../proto/gen/capmesh/v1/events.ts';
import * as mesh from '../../../proto/gen/capmesh/v1/mesh.ts';

const generated: Record<string, unknown> = { ...admin, ...capacity, ...events, ...mesh };

describe('message-json', () => {
  it('reads back what it wrote, with durations, times, maps and enums', () => {
    const event = events.CapacityEvent.fromPartial({
      workloadId: 'checkout',
      allocated: { cInt: 0.6667 },
      gates: { fit: { status: 2, ratio: 1.25, evidence: { y: 3 } } },
      timestamp: { seconds: 1_800_000_000, nanos: 250_000_000 },
      sequence: 7,
      kind: 'gate',
    });
    const json = messageToJson('capmesh.v1.CapacityEvent', event);
    deepEqual(json.timestamp, '2027-01-15T08:00:00.250Z');
    deepEqual((json.gates as { fit: object }).fit, {
      status: 'GATE_STATUS_FAIL',
      ratio: 1.25,
      reason: '',
      worst: '',
      evidence: { y: 3 },
    });
    deepEqual(messageFromJson('capmesh.v1.CapacityEvent', json), { ok: true, value: event, warnings: [] });
  });

  it('takes durations as "1.5s" and snake names', () => {
    const read = messageFromJson('capmesh.v1.RequestCapacityRequest', { workload_id: 'checkout', duration: '1.5s' });
    deepEqual(read, {
      ok: true,
      value: { workloadId: 'checkout', capacityVector: undefined, duration: { seconds: 1, nanos: 500_000_000 } },
      warnings: [],
    });
  });

  it('names every unknown field and wrong type at once', () => {
    const read = messageFromJson('capmesh.v1.SetBudgetRequest', {
      budget: { workload: 3, vector: { cint: 0.5, cPtr: '0.5' } },
      merge: 'yes',
      duration: '1s',
    });
    deepEqual(read.ok ? [] : read.problems.map((problem) => problem.path), [
      'budget.workload',
      'budget.vector.cint',
      'budget.vector.cPtr',
      'merge',
      'duration',
    ]);
  });

  it('agrees with the generated code about the names of all fields', () => {
    for (const file of messageRegistry().files) {
      for (const desc of file.proto.package === 'capmesh.v1' ? file.messages : []) {
        const codec = generated[desc.name] as { fromPartial(base: object): object } | undefined;
        if (codec !== undefined) {
          deepEqual(Object.keys(codec.fromPartial({})).sort(), desc.fields.map((field) => field.jsonName).sort());
          deepEqual(messageFromJson(desc.typeName, {}), { ok: true, value: codec.fromPartial({}), warnings: [] });
        }
      }
    }
  });
});
