import { Gauge, type Registry } from 'prom-client';
import type { AdmissionFigures, JudgedShare } from '../../core/admission/admission-figures.ts';

/** How well admission predicts, over its latest outcomes (MATHS §B7); a figure that is not known yet is left out, all of them where there is no kernel. */
export function addAdmissionGauges(registry: Registry, figures: () => AdmissionFigures | null): void {
  new Gauge({
    name: 'capmesh_admission_outcomes',
    help: 'Latest admissions by what came of them a minute later; missed: refusals that were needless',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      const known = figures();
      if (known === null) return;
      const { clean, falsified, missed, pending } = known;
      for (const [outcome, count] of Object.entries({ clean, falsified, missed, pending }))
        this.set({ outcome }, count);
    },
  });
  const shares: readonly [string, string, (figures: AdmissionFigures) => JudgedShare][] = [
    ['capmesh_admission_precision', 'Share of admissions that turned out well', ({ precision }) => precision],
    ['capmesh_admission_recall', 'Share of safe requests that were admitted', ({ recall }) => recall],
    ['capmesh_admission_calibration_error', 'Distance of confidence and success', ({ calibration }) => calibration],
  ];
  for (const [name, help, shareOf] of shares) {
    new Gauge({
      name,
      help,
      labelNames: ['figure'],
      registers: [registry],
      collect() {
        this.reset();
        const known = figures();
        if (known === null) return;
        const { value, bound } = shareOf(known);
        if (value !== null) this.set({ figure: 'value' }, value);
        if (bound !== null) this.set({ figure: 'bound' }, bound);
      },
    });
  }
  new Gauge({
    name: 'capmesh_admission_margin',
    help: 'Distance from its threshold that every predicted gate ratio must keep',
    registers: [registry],
    collect() {
      this.reset();
      const known = figures();
      if (known !== null) this.set(known.caution.marginRatio);
    },
  });
}
