const CLEAR = '\x1b[H\x1b[2J';
/** A terminal shows every status; a pipe, one in so many. */
const PLAIN_EVERY = 5;

/** Shows the newest status: redrawn in place on a terminal, as plain lines elsewhere. */
export class LiveView {
  private readonly out: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean };
  private shown = 0;
  private readonly notes: string[] = [];

  constructor(out: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean }) {
    this.out = out;
  }

  status(lines: readonly string[]): void {
    if (this.out.isTTY) this.out.write(`${CLEAR}${[...lines, '', ...this.notes].join('\n')}\n`);
    else if (this.shown % PLAIN_EVERY === 0) this.out.write(`${lines.join('\n')}\n\n`);
    this.shown += 1;
  }

  /** One line about something that happened; a terminal keeps the last few below the status. */
  note(line: string): void {
    if (this.out.isTTY && this.shown > 0) {
      this.notes.push(line);
      if (this.notes.length > 8) this.notes.shift();
    } else {
      this.out.write(`${line}\n`);
    }
  }
}
