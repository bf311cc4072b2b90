/** An error that the user can fix: the message names the place and the fix. */
export class CodegenError extends Error {
  override readonly name = "CodegenError";
}

/** A place in the document. */
export class Place {
  /** A readable name, such as `type Price` or `method prices.onPrice`. */
  readonly subject: string;
  /** JSON pointer. */
  readonly pointer: string;

  constructor(subject: string, pointer: string) {
    this.subject = subject;
    this.pointer = pointer;
  }

  /** A place within this one. */
  at(...segments: (string | number)[]): Place {
    const escaped = segments.map((segment) =>
      String(segment).replaceAll("~", "~0").replaceAll("/", "~1"),
    );
    return new Place(this.subject, [this.pointer, ...escaped].join("/"));
  }

  /** An error about this place. */
  fault(problem: string, remedy: string): CodegenError {
    return new CodegenError(`${this.subject} (${this.pointer}): ${problem}. ${remedy}`);
  }
}
