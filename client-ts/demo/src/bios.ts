import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ErrorOf } from "@tidings/client";
import type { QueryOptions } from "@tidings/client/tanstack-query";
import { useRef, useState } from "react";
import type { contract, User } from "./tidings.js";

type SetBioError = ErrorOf<typeof contract, "setBio">;

/** A bio that is being edited in this window. */
export interface BioEdit {
  /** The user when the editing began. */
  user: User;
  draft: string;
  /** Why the last attempt to save it failed. */
  error: SetBioError | undefined;
}

/** The bios that are being edited, and what can be done with them. */
export interface Bios {
  edits: ReadonlyMap<string, BioEdit>;
  begin(user: User): void;
  change(edit: BioEdit, draft: string): void;
  cancel(edit: BioEdit): void;
  /**
   * Shows the new bio at once. If the server refuses it, shows the user as the server has it and opens
   * the editor again, unless a later save of the same bio is still to be answered.
   */
  save(edit: BioEdit): void;
}

/** A user with saves that the server has not answered yet. */
interface Saving {
  unanswered: number;
  /** The user with the newest of these bios, as in the cache. */
  shown: User;
  /** The user as the server last reported it. */
  confirmed: User;
}

/** Edits bios in place: optimistic, with a roll-back and the typed error when the server refuses. */
export function useBios(queries: QueryOptions<typeof contract>): Bios {
  const queryClient = useQueryClient();
  const usersKey = queries.allUsers.queryKey();
  const [edits, setEdits] = useState<Bios["edits"]>(new Map());

  const saving = useRef(new Map<string, Saving>()).current;
  const newestSave = useRef(new Map<string, BioEdit>()).current;

  const put = (id: string, edit: BioEdit | undefined) =>
    setEdits((before) => {
      const after = new Map(before);
      if (edit === undefined) after.delete(id);
      else after.set(id, edit);
      return after;
    });

  const find = (id: string) => queryClient.getQueryData(usersKey)?.find((user) => user.id === id);

  /** Replaces one user in the cache, unless a newer list has replaced it already. */
  const replace = (shown: User | undefined, by: User) =>
    queryClient.setQueryData(usersKey, (users) =>
      users?.map((user) => (user === shown ? by : user)),
    );

  const { mutateAsync } = useMutation(
    queries.setBio.mutationOptions({
      onMutate({ id, bio }) {
        const before = find(id);
        if (before === undefined) return false;
        const earlier = saving.get(id);
        replace(before, { ...before, bio });
        saving.set(id, {
          unanswered: (earlier?.unanswered ?? 0) + 1,
          shown: find(id) ?? before,
          // The bio of an earlier save may yet be refused.
          confirmed: earlier?.shown === before ? earlier.confirmed : before,
        });
        return true;
      },
      onSettled(changed, _error, { id }, isCounted) {
        const user = saving.get(id);
        if (!isCounted || user === undefined) return;
        user.unanswered -= 1;
        user.confirmed = changed ?? user.confirmed;
        if (user.unanswered > 0) return;
        saving.delete(id);
        replace(user.shown, user.confirmed);
      },
    }),
  );

  return {
    edits,
    begin: (user) => put(user.id, { user, draft: user.bio ?? "", error: undefined }),
    change: (edit, draft) => put(edit.user.id, { ...edit, draft }),
    cancel: ({ user }) => put(user.id, undefined),
    save(edit) {
      const { id, bio } = edit.user;
      const draft = edit.draft.trim();
      put(id, undefined);
      if (draft === (bio ?? "") && edit.error === undefined) return;
      newestSave.set(id, edit);
      // The handlers of `mutate` are called only for the last save; a promise is settled for each.
      mutateAsync({ id, bio: draft }).catch((error: SetBioError) => {
        if (newestSave.get(id) !== edit) return;
        // The user may have opened the editor again: keep that draft.
        setEdits((before) => new Map(before).set(id, { ...(before.get(id) ?? edit), error }));
      });
    },
  };
}

/** The message for the user who edited the bio. */
export function explain(error: SetBioError): string {
  switch (error.name) {
    case "bioTooLong":
      return `A bio has at most ${error.details.max} characters. This one has ${error.details.length}.`;
    case "notFound":
      return "This user does not exist any more.";
    case "ConnectionLostError":
    case "RequestTimeoutError":
      return "The server did not answer. Whether the bio was saved is unknown.";
    default:
      return `The bio was not saved: ${error.message}`;
  }
}
