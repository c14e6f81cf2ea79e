import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once the condition holds; the timeout of the test ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}
