/** A process gets this much time, and then none for so long. */
const RUN_MS = 15;
const STOP_MS = 35;

/** Takes the processor away from a process for a part of the time, until the returned function is called. */
export function starveProcess(pid: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const send = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    try {
      process.kill(pid, signal);
    } catch {
      over = true;
    }
  };
  const pause = (): void => {
    send('SIGSTOP');
    timer = setTimeout(resume, STOP_MS);
  };
  const resume = (): void => {
    send('SIGCONT');
    if (!over) timer = setTimeout(pause, RUN_MS);
  };
  pause();
  return () => {
    over = true;
    clearTimeout(timer);
    send('SIGCONT');
  };
}
