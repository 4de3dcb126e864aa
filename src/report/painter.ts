/** Colours, by what they are for. Without them every message reads the same (screen readers, logs, pipes). */
export interface Painter {
  readonly error: (text: string) => string;
  readonly label: (text: string) => string;
}

const same = (text: string) => text;

export const plain: Painter = { error: same, label: same };

/** chalk is loaded only where there is something to colour. The level is given: chalk's own guess reads argv. */
export async function loadPainter(colour: boolean): Promise<Painter> {
  if (!colour) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    error: (text) => chalk.red(text),
    label: (text) => chalk.bold(text),
  };
}
