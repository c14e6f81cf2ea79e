import { readFile } from 'node:fs/promises';
import type { ResourceSample } from '../../proto/gen/capmesh/v1/telemetry.ts';

const SECTOR_BYTES = 512;
const IDLE_COLUMN = 3;
const IOWAIT_COLUMN = 4;

/** Texts of the files under /proc that tell about the host. */
export interface ProcTexts {
  readonly stat: string;
  readonly meminfo: string;
  readonly netDev: string;
  readonly diskstats: string;
}

/** CPU time since boot, in ticks. */
export interface CpuTime {
  readonly busy: number;
  readonly total: number;
}

/** CPU, memory, network and disk of the host between two readings of /proc (CONTRACT §F). */
export class HostResources {
  #cpu: CpuTime | null = null;

  /** Reads /proc; `undefined` where there is none to read. */
  async sample(): Promise<ResourceSample | undefined> {
    try {
      const read = (file: string) => readFile(`/proc/${file}`, 'utf8');
      const files = [read('stat'), read('meminfo'), read('net/dev'), read('diskstats').catch(() => '')] as const;
      const [stat, meminfo, netDev, diskstats] = await Promise.all(files);
      return this.fromTexts({ stat, meminfo, netDev, diskstats });
    } catch {
      return undefined;
    }
  }

  fromTexts({ stat, meminfo, netDev, diskstats }: ProcTexts): ResourceSample {
    const cpu = parseCpu(stat);
    const before = this.#cpu ?? cpu;
    this.#cpu = cpu;
    const total = cpu.total - before.total;
    const memoryTotalBytes = parseMemory(meminfo, 'MemTotal');
    return {
      cpuRatio: total > 0 ? Math.min(1, Math.max(0, (cpu.busy - before.busy) / total)) : 0,
      memoryUsedBytes: Math.max(0, memoryTotalBytes - parseMemory(meminfo, 'MemAvailable')),
      memoryTotalBytes,
      networkBytes: parseNetwork(netDev),
      diskBytes: parseDisks(diskstats),
    };
  }
}

/** First line of /proc/stat: idle and iowait are not work. */
function parseCpu(stat: string): CpuTime {
  const ticks = (stat.split('\n', 1)[0] ?? '').split(/\s+/).slice(1, 9).map(Number);
  const total = sum(ticks);
  return { total, busy: total - (ticks[IDLE_COLUMN] ?? 0) - (ticks[IOWAIT_COLUMN] ?? 0) };
}

function parseMemory(meminfo: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(meminfo);
  return Number(match?.[1] ?? 0) * 1024;
}

/** Bytes received and sent since boot by all interfaces but loopback. */
function parseNetwork(netDev: string): number {
  const bytes = netDev.split('\n').map((line) => {
    const [name = '', counters = ''] = line.split(':');
    if (counters === '' || name.trim() === 'lo') return 0;
    const columns = counters.trim().split(/\s+/);
    return Number(columns[0] ?? 0) + Number(columns[8] ?? 0);
  });
  return sum(bytes);
}

/** Bytes read and written since boot by whole disks; partitions and loop devices would count twice. */
function parseDisks(diskstats: string): number {
  const bytes = diskstats.split('\n').map((line) => {
    const columns = line.trim().split(/\s+/);
    if (!/^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(columns[2] ?? '')) return 0;
    return (Number(columns[5] ?? 0) + Number(columns[9] ?? 0)) * SECTOR_BYTES;
  });
  return sum(bytes);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + (Number.isFinite(each) ? each : 0), 0);
}
