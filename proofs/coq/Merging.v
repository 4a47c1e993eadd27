(** Merging: what the library joins is exactly the union of its pieces, strict boundaries included. *)
From Coq Require Import List ZArith Ring Bool.
From Exactzones Require Import Numbers Network Unrelu.
Import ListNotations.

Section Merging.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).
Implicit Types x : list F.

Definition closed (rows : list form) (x : list F) : Prop := Forall (fun r => 0 <= value r x) rows.
Definition positive (rows : list form) (x : list F) : Prop := Forall (fun r => 0 < value r x) rows.

(** Two closed cells with a wall between them, each other row of either valid on the other: they are the set that those rows cut out. *)
Theorem wall_join (wall back : form) (ours theirs : list form) x :
  value back x = - value wall x ->
  (closed (wall :: ours) x -> closed theirs x) -> (closed (back :: theirs) x -> closed ours x) ->
  (closed (ours ++ theirs) x <-> closed (wall :: ours) x \/ closed (back :: theirs) x).
Proof.
  unfold closed. intros B V W. rewrite Forall_app. split.
  - intros [O T]. destruct (total 0 (value wall x)) as [H|H]; [left | right]; constructor; try assumption.
    rewrite B. apply nonpos_opp, H.
  - intros [H|H]; (split; [|solve [apply V, H | inversion H; assumption]]); [inversion H; assumption | apply W, H].
Qed.

(** A piece: the rows of its closed cell, and the conditions that are strict. *)
Definition part_of_union := (list form * list form)%type.

(** The closed cells fill the envelope; the union's strict rows lose no point of a piece, and let none in that a piece leaves out. *)
Theorem join_exact (parts : list part_of_union) (envelope strict : list form) x :
  (closed envelope x <-> exists p, In p parts /\ closed (fst p) x) ->
  (forall p r, In p parts -> In r (snd p) -> closed (fst p) x -> 0 <= value r x) ->
  (forall p r, In p parts -> In r strict -> closed (fst p) x -> 0 <= value r x) ->
  (forall p r, In p parts -> In r strict -> closed (fst p) x -> positive (snd p) x -> value r x <> 0) ->
  (forall p r, In p parts -> In r (snd p) -> closed (fst p) x -> positive strict x -> value r x <> 0) ->
  (closed envelope x /\ positive strict x <-> exists p, In p parts /\ closed (fst p) x /\ positive (snd p) x).
Proof.
  intros Cover Own Valid NoLoss NoGain.
  assert (Positive : forall r : form, 0 <= value r x -> value r x <> 0 -> 0 < value r x).
  { intros r H N L. apply N, le_antisym; assumption. }
  split.
  - intros [E S]. apply Cover in E as (p & I & C). exists p. split; [exact I|]. split; [exact C|].
    apply Forall_forall. intros r R. apply Positive; [exact (Own p r I R C) | exact (NoGain p r I R C S)].
  - intros (p & I & C & P). split; [apply Cover; exists p; auto|].
    apply Forall_forall. intros r R. apply Positive; [exact (Valid p r I R C) | exact (NoLoss p r I R C P)].
Qed.
End Merging.
