(** Un-ReLU: the pullback of a polyhedron through down-projection, ReLU and up-projection is the union of the regimes' pieces,
    each a polyhedron that is written down here; all 2^n of them, and the same union over those that are not empty. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers Network.
Import ListNotations.

(** All patterns of n units. *)
Fixpoint patterns (n : nat) : list (list bool) :=
  match n with O => [[]] | S n' => map (cons true) (patterns n') ++ map (cons false) (patterns n') end.

Lemma patterns_length n : length (patterns n) = Nat.pow 2 n.
Proof. induction n as [|n IH]; [reflexivity|]. cbn [patterns Nat.pow]. rewrite app_length, !map_length, IH. lia. Qed.

Lemma patterns_all s : In s (patterns (length s)).
Proof. induction s as [|b s IH]; [left; reflexivity|]. cbn [length patterns]. apply in_or_app. destruct b; [left|right]; apply in_map, IH. Qed.

Section Unrelu.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Local Notation form := (@form F).

(** A polyhedron: affine functions that are non-negative on it or, if strict, positive. *)
Definition polyhedron := list (bool * form).
Definition inside (P : polyhedron) (x : list F) : Prop :=
  Forall (fun r : bool * form => if fst r then 0 < value (snd r) x else 0 <= value (snd r) x) P.

(** An affine function of values, where the values are affine functions of x. *)
Fixpoint weighted (cs : list F) (fs : list form) : form :=
  match cs, fs with
  | c :: cs', f :: fs' => let g := weighted cs' fs' in (vadd (map (mul c) (fst f)) (fst g), c * snd f + snd g)
  | _, _ => ([], 0)
  end.
Definition pulled (g : form) (fs : list form) : form := let h := weighted (fst g) fs in (fst h, snd h + snd g).

Lemma value_pulled g fs (x : list F) : value (pulled g fs) x = value g (map (fun f => value f x) fs).
Proof.
  assert (W : forall cs fs, value (weighted cs fs) x = dot (fun c : F => c) cs (map (fun f => value f x) fs)).
  { unfold value. induction cs as [|c cs IH]; intros [|f gs]; cbn [weighted map dot fst snd]; try ring.
    rewrite <- IH, dot_vadd, dot_scaled. ring. }
  specialize (W (fst g) fs). unfold pulled, value in *; cbn [fst snd]. rewrite <- W. ring.
Qed.

Definition negative (f : form) : form := (map (mul (- (1))) (fst f), - snd f).
Lemma value_negative f (x : list F) : value (negative f) x = - value f x.
Proof. unfold value, negative; cbn [fst snd]. rewrite dot_scaled. ring. Qed.

(** One block: up-projection with ReLU, then down-projection.  x -> D ReLU(U x + b) + c. *)
Variables up down : layer.
Definition block (x : list F) : list F := pre down (activate (relus up) (pre up x)).

(** The rows that say in which phase every unit is, and the polyhedron's rows with the regime's affine map put in. *)
Definition phase_row (f : form) (on : bool) : bool * form := (false, if on then f else negative f).
Fixpoint phase_rows (fs : list form) (s : list bool) : polyhedron :=
  match fs, s with f :: fs', on :: s' => phase_row f on :: phase_rows fs' s' | _, _ => [] end.
Definition piece (d : nat) (P : polyhedron) (s : list bool) : polyhedron :=
  let ups := pre_forms up (id_forms d) in
  phase_rows (chosen (relus up) ups) s ++
  map (fun r => (fst r, pulled (snd r) (pre_forms down (passed (relus up) s ups)))) P.

Lemma phase_rows_ok fs s (x : list F) :
  length fs = length s -> (inside (phase_rows fs s) x <-> Forall2 agree (map (fun f => value f x) fs) s).
Proof.
  revert s; induction fs as [|f fs IH]; intros [|on s] L; cbn [phase_rows map] in *; try discriminate; [split; constructor|].
  injection L as L. specialize (IH s L).
  assert (A : (if on then 0 <= value f x else value f x <= 0) <-> 0 <= value (snd (phase_row f on)) x).
  { destruct on; cbn [phase_row snd]; [reflexivity|]. rewrite value_negative. split; intros H; [apply nonpos_opp, H|].
    apply (le_by (- value f x)); [exact H | ring]. }
  split; intros H; inversion H; subst; constructor; try apply IH; try assumption; cbn [agree fst phase_row] in *; apply A; assumption.
Qed.

Lemma chosen_map A B (f : A -> B) ms zs : chosen ms (map f zs) = map f (chosen ms zs).
Proof. revert zs; induction ms as [|[] ms IH]; intros [|z zs]; cbn [chosen map]; rewrite ?IH; reflexivity. Qed.

Definition units : nat := switches_of up.

(** In a piece are the points of the regime whose image is in the polyhedron. *)
Lemma piece_ok P s (x : list F) :
  length s = units ->
  (inside (piece (length x) P s) x <-> Forall2 agree (chosen (relus up) (pre up x)) s /\ inside P (block x)).
Proof.
  intros L. unfold piece. set (ups := pre_forms up (id_forms (length x))).
  assert (U : map (fun f => value f x) ups = pre up x) by (unfold ups; rewrite value_pre_forms, value_id_forms; reflexivity).
  assert (Lc : length (chosen (relus up) ups) = length s).
  { rewrite L. unfold units, switches_of. apply length_chosen. unfold ups, pre_forms, width. rewrite map_length, repeat_length. reflexivity. }
  unfold inside. rewrite Forall_app. fold (inside (phase_rows (chosen (relus up) ups) s) x).
  rewrite (phase_rows_ok _ _ x Lc), <- chosen_map, U.
  assert (Image : Forall2 agree (chosen (relus up) (pre up x)) s ->
                  map (fun f => value f x) (pre_forms down (passed (relus up) s ups)) = block x).
  { intros A. rewrite value_pre_forms. unfold block. f_equal. rewrite <- (app_nil_r s). apply passed_ok; assumption. }
  split; intros [A H]; (split; [exact A|]); specialize (Image A).
  - apply Forall_forall. intros r I. rewrite Forall_forall in H.
    specialize (H (fst r, pulled (snd r) (pre_forms down (passed (relus up) s ups)))).
    cbn [fst snd] in H. rewrite value_pulled, Image in H. apply H.
    apply in_map_iff. exists r. split; [reflexivity | exact I].
  - apply Forall_forall. intros q I. apply in_map_iff in I as (r & <- & I). cbn [fst snd]. rewrite value_pulled, Image.
    rewrite Forall_forall in H. exact (H r I).
Qed.

(** The pullback of P is the union of the pieces of all 2^n regimes. *)
Theorem pullback_union P (x : list F) :
  inside P (block x) <-> exists s, In s (patterns units) /\ inside (piece (length x) P s) x.
Proof.
  split.
  - intros H. set (zs := chosen (relus up) (pre up x)). exists (map phase zs).
    assert (L : length (map phase zs) = units).
    { rewrite map_length. unfold zs, units, switches_of. apply length_chosen. unfold pre, width. rewrite map_length, repeat_length. reflexivity. }
    split; [rewrite <- L; apply patterns_all|]. apply piece_ok; [exact L|]. split; [|exact H].
    fold zs. clear. induction zs; constructor; [apply agree_phase | assumption].
  - intros (s & I & H). assert (L : length s = units).
    { revert I. clear. revert s. induction units as [|n IH]; intros s I; cbn [patterns] in I; [destruct I as [<-|[]]; reflexivity|].
      apply in_app_or in I as [I|I]; apply in_map_iff in I as (t & <- & I); cbn [length]; rewrite (IH t I); reflexivity. }
    apply (piece_ok P s x L) in H. apply H.
Qed.

(** The same union over the pieces that are not empty: those and no others need to be listed. *)
Theorem pullback_union_nonempty P (x : list F) :
  inside P (block x) <->
  exists s, In s (patterns units) /\ (exists y, length y = length x /\ inside (piece (length x) P s) y) /\ inside (piece (length x) P s) x.
Proof.
  rewrite pullback_union. split; intros (s & I & H).
  - exists s. split; [exact I|]. split; [exists x; split; [reflexivity | exact H] | exact H].
  - exists s. split; [exact I | apply H].
Qed.
End Unrelu.
