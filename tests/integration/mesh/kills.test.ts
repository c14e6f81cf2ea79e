import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeAccount } from '../../../control-plane/state/account-codec.ts';
import { sumOf } from '../../../demo/traffic/answer-counts.ts';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import { EventLog } from '../../support/event-log.ts';
import { grantIdOf } from '../../support/grant-buyer.ts';
import { openMeshStore } from '../../support/mesh-store.ts';
import {
  BATCH_RPS,
  BURST,
  type Kill,
  type KillOptions,
  MeshUnderLoad,
  ON_THEIR_WAY,
  SAFE_RPS,
} from '../../support/mesh-under-load.ts';
import { envoyStat } from '../../support/topology.ts';
import { waitFor } from '../../support/wait-for.ts';

const ROWS: readonly KillOptions[] = [
  { part: 'nats-server', checks: true, restores: false, movedInt: 0.05 },
  { part: 'control-plane', checks: true, restores: true, movedInt: 0.1 },
  { part: 'node-1-ext-authz', checks: false, restores: false, movedInt: 0.05 },
];

describe('a part killed under load', function () {
  this.timeout(180_000);
  let mesh: MeshUnderLoad;

  before(async () => {
    mesh = await MeshUnderLoad.start();
  });
  after(() => mesh?.stop());

  for (const row of ROWS) {
    describe(row.part, () => {
      let kill: Kill;

      before(async () => {
        kill = await mesh.kill(row);
      });

      if (row.checks) {
        it('leaves calls as they were: none fails, and none is refused within its budget', () => {
          const { checkout, ledger, batch } = kill.dead;
          for (const each of [checkout, ledger]) {
            assert.ok(each.ok > 0);
            assert.deepEqual([each.errors, each.refused], [{}, {}]);
          }
          assert.deepEqual([batch.errors, Object.keys(batch.refused)], [{}, ['budget-exhausted']]);
        });
      } else {
        it('lets the safe share pass and refuses the rest as degraded, or all where calls are closed', () => {
          const { checkout, batch, ledger, served, seconds } = kill.dead;
          for (const each of [checkout, batch]) {
            const { 'mesh-degraded': degraded = 0, 'budget-exhausted': before = 0, ...otherwise } = each.refused;
            assert.deepEqual([each.errors, otherwise], [{}, {}]);
            assert.ok(degraded > 0);
            // Refused while it still lived, answered when it was dead.
            assert.ok(before <= ON_THEIR_WAY, `${before} calls were refused by a dead sidecar`);
          }
          const most = BURST + SAFE_RPS * seconds + ON_THEIR_WAY;
          assert.ok(served > SAFE_RPS && served <= most, `${served} calls in ${seconds} s, ${most} allowed`);
          assert.deepEqual([ledger.errors, Object.keys(ledger.refused)], [{}, ['internal']]);
          assert.ok(ledger.ok <= ON_THEIR_WAY, `${ledger.ok} calls reached a closed service`);
        });
      }

      it('admits no more than limit and burst, with the safe share on top', () => {
        const { dead, admitted } = kill;
        const safe = row.checks ? 0 : BURST + SAFE_RPS * dead.seconds;
        const most = BURST + BATCH_RPS * admitted.seconds + safe + ON_THEIR_WAY;
        assert.ok(admitted.calls <= most, `${admitted.calls} calls in ${admitted.seconds} s, ${most} allowed`);
        assert.ok(sumOf(dead.batch.refused) > 0, 'it was offered more than it may have');
      });

      it('lets no spoofed identity reach another edge', async () => {
        const stat = 'cluster.edge/victim/payment.upstream_rq_total';
        assert.equal(await envoyStat(mesh.topology.envoyAdminUrls[0] as string, stat), 0);
      });

      it('shows every verdict from before within 5 s of the restart', () => {
        const { verdictsBefore, verdictsAfter, afterMs, restartedMs } = kill;
        assert.deepEqual(
          verdictsAfter.map(({ status }) => status),
          verdictsBefore.map(({ status }) => status),
        );
        assert.ok(afterMs - restartedMs < 5_000, `${afterMs - restartedMs} ms`);
        if (!row.restores) return;
        const agesSec = verdictsAfter.map(({ evidence }) => evidence.restoredAgeSec);
        for (const ageSec of agesSec) assert.ok(ageSec !== undefined && ageSec >= 0 && ageSec < 10, agesSec.join());
      });

      it('loses no grant that was answered, and its token still works', async () => {
        const store = await openMeshStore(mesh.topology);
        try {
          const account = decodeAccount((await store.ledger.get('account.buyer'))?.string() ?? '');
          const kept = new Set(account.grants.map(({ jti }) => jti));
          assert.deepEqual(
            kill.tokens.map(grantIdOf).filter((jti) => !kept.has(jti)),
            [],
          );
        } finally {
          await store.connection.close();
        }
        for (const token of kill.tokens.slice(-5)) {
          const answer = await waitFor('calls to be checked', async () => {
            const each = await callThroughEnvoy(mesh.envoyUrl, 'payment', { 'x-capacity-token': token });
            return each.denied !== 'mesh-degraded' && each;
          });
          assert.equal(answer.status, 200, answer.body);
        }
      });

      it('loses no event that was acknowledged, nor those of grants and edits that were answered', async () => {
        const events = new EventLog(mesh.topology);
        try {
          const granted = kill.tokens.map((token) => `grant ${grantIdOf(token)} admitted`);
          const wanted = [...granted, `revision ${kill.editRevision}: `];
          await waitFor('the events of grants and edits', async () =>
            wanted.every((start) => events.seen.some(({ message }) => message.startsWith(start))),
          );
          const kept = new Map(events.seen.map(({ sequence, message }) => [sequence, message]));
          assert.deepEqual(
            kill.acknowledged.filter(({ sequence, message }) => kept.get(sequence) !== message),
            [],
          );
        } finally {
          events.stop();
        }
      });

      it('has the budget in force that was stored just before', async () => {
        const source = await mesh.offerMoved();
        try {
          await waitFor('the new limit at the sidecar', async () => {
            source.take();
            await delay(2_000);
            return Math.abs(source.take().ok / 2 - kill.movedRps) <= 0.15 * kill.movedRps;
          });
        } finally {
          await source.stop();
        }
      });

      it('judges anew within 35 s, and refuses nothing meanwhile because it knows nothing', async () => {
        await mesh.freshStatus(kill.restartedMs + 35_000 - performance.now());
        const blind = mesh.buyer.refusals.filter((message) => message.includes('cannot be judged'));
        assert.deepEqual(blind, []);
        assert.ok(mesh.buyer.tokens.length > kill.tokens.length, 'grants are answered again');
      });
    });
  }
});
