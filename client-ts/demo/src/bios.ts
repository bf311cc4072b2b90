import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ErrorOf } from "@tidings/client";
import type { QueryOptions } from "@tidings/client/tanstack-query";
import { useState } from "react";
import type { contract, User } from "./tidings.js";

type SetBioError = ErrorOf<typeof contract, "setBio">;

/** A bio that somebody is editing in this window. */
export interface BioEdit {
  /** As the user was when the editing began. */
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
  /** Shows the new bio at once. If the server refuses it, the old one is back and the editor open again. */
  save(edit: BioEdit): void;
}

/** Edits bios in place: optimistic, with a roll-back and the typed error when the server refuses. */
export function useBios(queries: QueryOptions<typeof contract>): Bios {
  const queryClient = useQueryClient();
  const usersKey = queries.allUsers.queryKey();
  const [edits, setEdits] = useState<Bios["edits"]>(new Map());

  const put = (id: string, edit: BioEdit | undefined) =>
    setEdits((before) => {
      const after = new Map(before);
      if (edit === undefined) after.delete(id);
      else after.set(id, edit);
      return after;
    });

  /** Replaces one user in the list that is shown, unless a newer list has replaced them already. */
  const replace = (shown: User | undefined, by: User) =>
    queryClient.setQueryData(usersKey, (users) =>
      users?.map((user) => (user === shown ? by : user)),
    );

  const { mutateAsync } = useMutation(
    queries.setBio.mutationOptions({
      onMutate({ id, bio }) {
        const find = () => queryClient.getQueryData(usersKey)?.find((user) => user.id === id);
        const before = find();
        if (before !== undefined) replace(before, { ...before, bio });
        return { before, optimistic: find() };
      },
      onSuccess(changed, _, { optimistic }) {
        replace(optimistic, changed);
      },
      onError(_error, _input, context) {
        if (context?.before !== undefined) replace(context.optimistic, context.before);
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
      // Each save has its own answer: the handlers of `mutate` hear only of the last one.
      mutateAsync({ id, bio: draft }).catch((error: SetBioError) => put(id, { ...edit, error }));
    },
  };
}

/** What went wrong, for whoever wrote the bio. */
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
