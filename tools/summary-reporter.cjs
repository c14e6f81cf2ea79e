const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

/** Mocha's spec reporter that also writes `{passed, failed}` to TEST_SUMMARY_FILE. */
module.exports = class SummaryReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed } = this.stats;
      writeFileSync(process.env.TEST_SUMMARY_FILE, JSON.stringify({ passed, failed }));
    });
  }
};
