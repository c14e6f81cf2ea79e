/** The same type with fields that may be written: for what is still being made. */
export type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
