import { deepEqual, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, createFileRegistry, fromBinary, setExtension } from '@bufbuild/protobuf';
import { FieldOptionsSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, it } from 'mocha';
import { messageRegistry } from '../../../platform/message-registry.ts';
import { compileMessageRules } from '../../../platform/message-rules.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { validateMessage } from '../../../platform/validate-message.ts';
import { ApplyRequest, DeleteRequest, WatchEventsRequest } from '../../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityVector } from '../../../proto/gen/capmesh/v1/capacity.ts';
import { RequestCapacityRequest } from '../../../proto/gen/capmesh/v1/capacity_service.ts';
import { GateVerdict } from '../../../proto/gen/capmesh/v1/gates.ts';
import { Mesh, Service, ServiceCapacity, Workload } from '../../../proto/gen/capmesh/v1/mesh.ts';
import { EdgeCounters, Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';

const paths = (typeName: string, message: object) => validateMessage(typeName, message).map((problem) => problem.path);

describe('validate-message: the validate.rules of capmesh.v1', () => {
  it('passes a well-formed apply', () => {
    const request = ApplyRequest.fromPartial({
      mesh: {
        name: 'shop',
        services: [{ name: 'payment', endpoints: ['127.0.0.1:9101'], capacity: { rps: 400, concurrency: 24 } }],
        workloads: [{ name: 'checkout', prio: 7, weight: 2 }],
        budgets: [{ workload: 'checkout', service: 'payment', vector: { cInt: 0.8, cPtr: 0 } }],
        gates: { isolationEps: 0.15 },
      },
    });
    deepEqual(validateMessage('capmesh.v1.ApplyRequest', request), []);
  });

  it('names every mistake of nested lists at once, by its path', () => {
    const request = ApplyRequest.fromPartial({
      mesh: {
        name: 'Shop!',
        services: [{ name: 'payment', endpoints: [], authorizerDown: 'maybe' }],
        workloads: [{ name: 'checkout', prio: 10, weight: 0 }],
        budgets: [
          { workload: 'checkout', service: 'payment', vector: { cInt: 0.8 } },
          { workload: 'checkout', service: 'payment', vector: { cInt: 1.5, cPtr: -0.1 }, rps: Number.NaN },
        ],
      },
    });
    deepEqual(paths('capmesh.v1.ApplyRequest', request), [
      'mesh.name',
      'mesh.services[0].endpoints',
      'mesh.services[0].authorizerDown',
      'mesh.workloads[0].prio',
      'mesh.workloads[0].weight',
      'mesh.budgets[1].vector.cInt',
      'mesh.budgets[1].vector.cPtr',
      'mesh.budgets[1].rps',
    ]);
  });

  it('message.required: an apply needs a mesh', () => {
    deepEqual(validateMessage('capmesh.v1.ApplyRequest', ApplyRequest.fromPartial({})), [
      { path: 'mesh', message: 'is required' },
    ]);
  });

  it('double.gte and lte hold at their bounds; an absent axis is not zero', () => {
    deepEqual(paths('capmesh.v1.CapacityVector', CapacityVector.fromPartial({ cGeo: 0, cInt: 1 })), []);
    deepEqual(paths('capmesh.v1.CapacityVector', CapacityVector.fromPartial({})), []);
    deepEqual(paths('capmesh.v1.CapacityVector', CapacityVector.fromPartial({ cObs: 1.0000001 })), ['cObs']);
  });

  it('double.gt and lt exclude their bounds', () => {
    deepEqual(paths('capmesh.v1.ServiceCapacity', ServiceCapacity.fromPartial({ rps: 0, concurrency: 1 })), ['rps']);
    const gates = Mesh.fromPartial({ name: 'shop', gates: { isolationEps: 1, fitThreshold: 0 } });
    deepEqual(paths('capmesh.v1.Mesh', gates), ['gates.fitThreshold', 'gates.isolationEps']);
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`no double takes ${bad}, also without a rule and inside maps`, () => {
      deepEqual(paths('capmesh.v1.ServiceCapacity', ServiceCapacity.fromPartial({ rps: bad })), ['rps']);
      const verdict = GateVerdict.fromPartial({ status: 1, evidence: { r: bad } });
      deepEqual(paths('capmesh.v1.GateVerdict', verdict), ['evidence.r']);
    });
  }

  it('integers are whole and in range', () => {
    const workload = { ...Workload.fromPartial({ name: 'checkout' }), prio: 2.5, revision: -1 };
    deepEqual(paths('capmesh.v1.Workload', workload), ['prio', 'revision']);
  });

  it('uint32.lte and gte', () => {
    const service = Service.fromPartial({ name: 'a', endpoints: ['x:1'], timeoutMs: 3_600_001 });
    deepEqual(paths('capmesh.v1.Service', service), ['timeoutMs']);
    const frame = Frame.fromPartial({ mesh: 'shop', node: 'node-1', instance: 'i', parts: 0 });
    deepEqual(paths('capmesh.v1.Frame', frame), ['parts']);
  });

  it('string.pattern matches the whole name', () => {
    for (const name of ['', '-a', 'a-', 'A', 'a/b', 'a\n', 'x'.repeat(64)]) {
      deepEqual(paths('capmesh.v1.DeleteRequest', DeleteRequest.fromPartial({ name })), ['name'], JSON.stringify(name));
    }
    deepEqual(paths('capmesh.v1.DeleteRequest', DeleteRequest.fromPartial({ name: 'x'.repeat(63) })), []);
  });

  it('string.min_len, max_len and in', () => {
    const frame = Frame.fromPartial({ mesh: 'shop', node: '', instance: 'i'.repeat(65), parts: 1 });
    deepEqual(paths('capmesh.v1.Frame', frame), ['node', 'instance']);
    deepEqual(paths('capmesh.v1.WatchEventsRequest', WatchEventsRequest.fromPartial({ gate: 'uv' })), []);
    deepEqual(paths('capmesh.v1.WatchEventsRequest', WatchEventsRequest.fromPartial({ gate: 'UV' })), ['gate']);
  });

  it('repeated.min_items and max_items', () => {
    const endpoints = Array.from({ length: 1001 }, (_, port) => `h:${port}`);
    deepEqual(paths('capmesh.v1.Service', Service.fromPartial({ name: 'a', endpoints })), ['endpoints']);
    const counters = EdgeCounters.fromPartial({
      workload: '~unverified',
      service: 'a',
      latencyBuckets: Array(65).fill(0),
    });
    deepEqual(paths('capmesh.v1.EdgeCounters', counters), ['latencyBuckets']);
  });

  it('enum.defined_only', () => {
    const verdict = { ...GateVerdict.fromPartial({}), status: 9 };
    deepEqual(paths('capmesh.v1.GateVerdict', verdict), ['status']);
  });

  it('duration.gte and lte', () => {
    const request = (seconds: number, nanos = 0) =>
      RequestCapacityRequest.fromPartial({ workloadId: 'checkout', duration: { seconds, nanos } });
    deepEqual(paths('capmesh.v1.RequestCapacityRequest', request(1)), []);
    deepEqual(paths('capmesh.v1.RequestCapacityRequest', request(3600)), []);
    deepEqual(paths('capmesh.v1.RequestCapacityRequest', request(0, 999_999_999)), ['duration']);
    deepEqual(paths('capmesh.v1.RequestCapacityRequest', request(3600, 1)), ['duration']);
  });

  it('throws on a rule that it does not know', () => {
    const set = fromBinary(FileDescriptorSetSchema, readFileSync(join(packageRoot(), 'proto', 'gen', 'capmesh.binpb')));
    const rules = messageRegistry().getExtension('validate.rules');
    const file = set.file.find((candidate) => candidate.name === 'capmesh/v1/capacity.proto');
    const field = file?.messageType[0]?.field[0];
    if (rules?.message === undefined || field === undefined) {
      throw new Error('descriptor set without the rules');
    }
    const doubleRules = rules.message.field.double?.message;
    if (doubleRules === undefined) {
      throw new Error('no DoubleRules');
    }
    const unknownRule = create(rules.message, {
      type: { case: 'double', value: create(doubleRules, { in: [0.5] } as Record<string, unknown>) },
    } as Record<string, unknown>);
    field.options = create(FieldOptionsSchema);
    (setExtension as (...parts: unknown[]) => void)(field.options, rules, unknownRule);
    throws(
      () => compileMessageRules(createFileRegistry(set), 'capmesh.v1'),
      /c_geo: the rule double\.in is not understood/,
    );
  });

  it('throws on an unknown message name', () => {
    throws(() => validateMessage('capmesh.v1.Nothing', {}), /no message/);
  });
});
