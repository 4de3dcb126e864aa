/** What becomes of one Python file: settings of a YAML file, each with the lines that it comes from. */
import type { Plain, Scalar } from '../../config/node.ts';
import type { Mark } from './scope.ts';
import type { Spot } from './value.ts';

export interface OutputItem {
  readonly value: Plain;
  readonly spot: Spot;
}

/** One setting, `volume_mounts.available` with `+`. */
export interface Output {
  readonly path: readonly string[];
  readonly operator: '' | '+' | '-';
  readonly value:
    | { readonly kind: 'scalar'; readonly scalar: Scalar }
    | { readonly kind: 'list'; readonly items: readonly OutputItem[] }
    /** It can't be said: written as a mistake, which refuses every call until an admin has decided. */
    | { readonly kind: 'undecided'; readonly why: string };
  readonly spot: Spot;
  readonly comment?: string;
}

export class Outcome {
  readonly outputs: Output[] = [];
  readonly marks: Mark[] = [];
  readonly notes: string[] = [];

  scalar(path: readonly string[], scalar: Scalar, spot: Spot, comment?: string): undefined {
    this.#add({ path, operator: '', value: { kind: 'scalar', scalar }, spot }, comment);
  }

  list(
    path: readonly string[],
    operator: Output['operator'],
    items: readonly OutputItem[],
    spot: Spot,
    comment?: string,
  ): undefined {
    this.#add({ path, operator, value: { kind: 'list', items }, spot }, comment);
  }

  undecided(path: readonly string[], spot: Spot, why: string): undefined {
    this.#add({ path, operator: '', value: { kind: 'undecided', why }, spot }, undefined);
    this.mark(spot, `${path.join('.')} is not decided: ${why}`);
  }

  mark(spot: Spot, why: string): undefined {
    this.marks.push({ spot, why });
  }

  note(spot: Spot, text: string): undefined {
    this.notes.push(spot.file === '' ? text : `${spot.file}:${spot.first}: ${text}`);
  }

  #add(output: Omit<Output, 'comment'>, comment: string | undefined): undefined {
    this.outputs.push(comment === undefined ? output : { ...output, comment });
  }
}
