/** A text that fits its bound: cut, with a sign that it was. The API refuses a whole status for one text too long. */
export const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;
