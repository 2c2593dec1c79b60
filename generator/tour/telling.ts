import type { ProgressEvent } from '../command.ts';

/** Small steps that a program wants to see and a person does not. */
const SMALL = /^(variable|secret|check|bucket|space$)/;
/** Work long enough that its beginning is worth a line. */
const LONG = /^(run:|verdicts|space-files|health)/;

/** The tour told to a person: what fails, what is done, and the beginning of what takes long. */
export function forPeople(tell: (event: ProgressEvent) => void): (event: ProgressEvent) => void {
  return (event) => {
    const small = SMALL.test(event.id);
    if (event.state === 'failed' || (event.state !== 'start' && !small)) tell(event);
    else if (event.state === 'start' && LONG.test(event.id)) tell(event);
  };
}
