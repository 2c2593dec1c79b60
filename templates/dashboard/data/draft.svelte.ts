import { recall, remember } from './memory.ts';

/** A text that somebody is writing at one place: a login, a reload or another view in between do not lose it. */
export class Draft {
  readonly #key: string;
  #text = $state('');

  constructor(place: string) {
    this.#key = `collab-draft:${place}`;
    this.#text = recall(this.#key, 'tab') ?? '';
  }

  get text(): string {
    return this.#text;
  }

  set text(value: string) {
    this.#text = value;
    remember(this.#key, value === '' ? null : value, 'tab');
  }
}
