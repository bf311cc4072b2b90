import { type KeyboardEvent, useEffect, useId, useRef } from "react";
import { type BioEdit, type Bios, explain } from "./bios.js";
import type { User } from "./tidings.js";

/** A user's bio with the button that edits it, or the editor in its place. */
export function Bio({ user, bios }: { user: User; bios: Bios }) {
  const edit = bios.edits.get(user.id);
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  const isEditing = edit !== undefined;
  useEffect(() => {
    // Returns the focus when the editor closes, unless the user has moved it elsewhere.
    if (wasEditing.current && !isEditing && hasNoFocus()) button.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);

  if (edit !== undefined) return <BioEditor edit={edit} bios={bios} />;
  return (
    <>
      {user.bio && <p className="bio">{user.bio}</p>}
      <button ref={button} type="button" className="edit-bio" onClick={() => bios.begin(user)}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path
            d="M10.5 2.5l3 3L5.75 13.25l-3.5.5.5-3.5z"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </svg>
        Edit bio<span className="visually-hidden"> of {user.name}</span>
      </button>
    </>
  );
}

function BioEditor({ edit, bios }: { edit: BioEdit; bios: Bios }) {
  const { user, draft, error } = edit;
  const id = useId();
  const text = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!hasNoFocus()) return;
    text.current?.focus();
    text.current?.setSelectionRange(-1, -1);
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    // Enter also confirms a character of an input method.
    if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      bios.save(edit);
    } else if (event.key === "Escape") bios.cancel(edit);
  }

  const max = error?.name === "bioTooLong" ? error.details.max : undefined;
  const length = [...draft.trim()].length;
  const isTooLong = max !== undefined && length > max;
  return (
    <form
      className="bio-editor"
      onSubmit={(event) => {
        event.preventDefault();
        bios.save(edit);
      }}
    >
      <label className="visually-hidden" htmlFor={`${id}-text`}>
        Bio of {user.name}
      </label>
      <textarea
        ref={text}
        id={`${id}-text`}
        rows={3}
        value={draft}
        aria-invalid={error !== undefined && (max === undefined || isTooLong)}
        aria-describedby={error === undefined ? `${id}-keys` : `${id}-error ${id}-keys`}
        onChange={({ target }) => bios.change(edit, target.value)}
        onKeyDown={onKeyDown}
      />
      <p className="bio-hint">
        <span id={`${id}-keys`}>
          <kbd>Enter</kbd> saves, <kbd>Esc</kbd> cancels
        </span>
        <span className={isTooLong ? "bio-length too-long" : "bio-length"}>
          {max === undefined ? length : `${length} / ${max}`}
          <span className="visually-hidden"> characters</span>
        </span>
      </p>
      {error !== undefined && (
        <p className="bio-error" role="alert" id={`${id}-error`}>
          {explain(error)}
        </p>
      )}
      <div className="bio-actions">
        <button type="submit" className="save">
          Save
        </button>
        <button type="button" onClick={() => bios.cancel(edit)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function hasNoFocus(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
