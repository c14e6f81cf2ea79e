/** What a reader would have to be told next is not in the stream any more, or the stream is not the one that its sequence is of. */
export class EventsGoneError extends Error {
  override readonly name = 'EventsGoneError';

  constructor(after: number, { oldest, newest }: { readonly oldest: number; readonly newest: number }) {
    super(
      after > newest
        ? `there is no event ${after}: the stream ends at ${newest}, so the sequence is of another one; read from its start`
        : `events ${after + 1} to ${oldest - 1} are gone; read from the start of what is kept, or after ${oldest - 1}`,
    );
  }
}
