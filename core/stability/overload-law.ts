/**
 * Constants of the overload control law (CONTROL, "Constants"). Halving or
 * doubling any one of them moves goodput under overload by at most about 1.5 points.
 */
export const LAW = {
  /** Open limit = guardAdd + guardMul · peak rate · base latency: far above need, so that health refuses nothing. */
  guardAdd: 64,
  guardMul: 4,
  /** The open limit until `coldAnswers` answers have been seen. */
  coldLimit: 1024,
  coldAnswers: 200,

  /** Room above B = capacity · base latency for a queue: idle / ln(load), between a low and a high bound, each the larger of a multiple of √B and a share of B. */
  idle: 4,
  roomLowRoot: 1.5,
  roomLowShare: 0.25,
  roomHighRoot: 2.8,
  roomHighShare: 0.5,
  /** No limit is ever lower. */
  floor: 4,

  /** Share of the room at which evidence of overload neither grows nor drains. */
  fillReference: 0.4,
  /** Evidence at which trimming begins. */
  enter: 0.5,
  /** Overload again within this time after recovery doubles the evidence that must drain, up to the maximum. */
  relapseSec: 20,
  evidenceMax: 8,
  /** Growth of the open limit per second. */
  rampPerSec: 2,
  /** Time after which the guard has forgotten a burst. */
  forgetSec: 300,
  burstFactorStep: 1.5,
  burstFactorMax: 16,

  /** Below this ratio of calls in flight to B nothing queues. */
  queueRatio: 1.5,
  /** From this ratio on a queue is long: time-outs are proof of overload, if more than a share of the answers and a few. */
  longQueueRatio: 3,
  timeoutShare: 0.02,
  timeoutMin: 5,
  /** So is a tick that turned away more than this share of its calls and ended with this share of its room in use. */
  turnedAwayShare: 0.5,
  fullShare: 0.9,

  /** A verification lowers the limit to this share of B, then halves it while throughput stays above `knee`. */
  verifyShare: 0.75,
  knee: 0.9,
  /** A capacity that moved by this factor is verified at once. */
  moved: 1.25,
  verifyMinSec: 5,
  verifyStartSec: 30,
  verifyMaxSec: 120,
  verifyStepsMax: 10,
  /** Base latency learned for this long is trusted without a verification. */
  trustSec: 60,

  /** Time constants: base latency down and up (a low expectile of tick means), forgetting of the peak rate, capacity up and down. */
  baselineDownSec: 5,
  baselineUpSec: 120,
  peakForgetSec: 1800,
  capacityUpSec: 0.45,
  capacityDownSec: 1.1,
  /** Delay until a new limit acts. */
  actuationSec: 0.075,
  /** Fewer answers than this teach nothing. */
  fewAnswers: 5,
} as const;
