(** Farkas: a non-negative combination of rows that is a negative number shows that the rows have no common point; strict rows count. *)
From Coq Require Import List ZArith Ring Lia Bool.
From Exactzones Require Import Numbers.
Import ListNotations.
Local Open Scope Z_scope.

(** a . x + b >= 0 or, if strict, > 0; integers. *)
Record inequality := Inequality { is_strict : bool; coefficients : list Z; offset : Z }.

Fixpoint sum (a b : list Z) : list Z :=
  match a, b with [], _ => b | _, [] => a | p :: a', q :: b' => (p + q) :: sum a' b' end.
Fixpoint z_dot (a b : list Z) : Z := match a, b with p :: a', q :: b' => p * q + z_dot a' b' | _, _ => 0 end.
(** The combination, and whether a strict row has a share in it. *)
Fixpoint combined (ys : list Z) (rs : list inequality) : list Z * Z * bool :=
  match ys, rs with
  | y :: ys', r :: rs' =>
      let '(a, b, s) := combined ys' rs' in
      (sum (map (Z.mul y) (coefficients r)) a, y * offset r + b, (is_strict r && (0 <? y)) || s)
  | _, _ => ([], 0, false)
  end.
(** The executable check: multipliers >= 0, nothing left of x, and the constant is negative, or zero with a strict row. *)
Definition farkas (ys : list Z) (rs : list inequality) : bool :=
  forallb (Z.leb 0) ys &&
  let '(a, b, s) := combined ys rs in forallb (Z.eqb 0) a && ((b <? 0) || (s && (b =? 0))).

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.

Definition left_side (r : inequality) (x : list F) : F := dot of_Z (coefficients r) x + of_Z (offset r).
Definition satisfies (x : list F) (r : inequality) : Prop := if is_strict r then 0 < left_side r x else 0 <= left_side r x.

Lemma z_dot_ok ws ns : of_Z (z_dot ws ns) = dot of_Z ws (map of_Z ns) :> F.
Proof.
  revert ns; induction ws as [|w ws IH]; intros [|n ns]; cbn [z_dot dot map]; try apply of_Z_0.
  rewrite of_Z_add, of_Z_mul, IH. reflexivity.
Qed.

Lemma dot_sum a b (x : list F) : dot of_Z (sum a b) x = dot of_Z a x + dot of_Z b x.
Proof.
  revert b x; induction a as [|p a IH]; intros [|q b] [|v x]; cbn [sum dot]; try ring. rewrite IH, of_Z_add. ring.
Qed.
Lemma dot_times k a (x : list F) : dot of_Z (map (Z.mul k) a) x = of_Z k * dot of_Z a x.
Proof. revert x; induction a as [|p a IH]; intros [|v x]; cbn [map dot]; try ring. rewrite IH, of_Z_mul. ring. Qed.
Lemma dot_zeros a (x : list F) : forallb (Z.eqb 0) a = true -> dot of_Z a x = 0.
Proof.
  revert x; induction a as [|p a IH]; intros [|v x] H; cbn [dot forallb] in *; try reflexivity.
  apply andb_true_iff in H as [H1 H2]. apply Z.eqb_eq in H1. subst p. rewrite IH, of_Z_0 by exact H2. ring.
Qed.

(** A non-negative combination of rows that hold is non-negative, and positive if a strict row has a share in it. *)
Lemma combined_ok ys rs a b s (x : list F) :
  forallb (Z.leb 0) ys = true -> Forall (satisfies x) rs -> combined ys rs = (a, b, s) ->
  0 <= dot of_Z a x + of_Z b /\ (s = true -> 0 < dot of_Z a x + of_Z b).
Proof.
  revert rs a b s; induction ys as [|y ys IH]; intros [|r rs] a b s Hy Hr E; cbn [combined] in E;
    try (injection E as <- <- <-; rewrite of_Z_0; cbn [dot]; split; [apply le_eq; ring | discriminate]).
  cbn [forallb] in Hy. apply andb_true_iff in Hy as [Hy Hys]. apply Z.leb_le in Hy.
  inversion Hr as [|? ? H1 H2]; subst. destruct (combined ys rs) as [[a' b'] s'] eqn:E'. injection E as <- <- <-.
  destruct (IH rs a' b' s' Hys H2 E') as [I1 I2].
  rewrite dot_sum, dot_times, of_Z_add, of_Z_mul.
  replace (of_Z y * dot of_Z (coefficients r) x + dot of_Z a' x + (of_Z y * of_Z (offset r) + of_Z b'))
    with (of_Z y * left_side r x + (dot of_Z a' x + of_Z b')) by (unfold left_side; ring).
  assert (R : 0 <= left_side r x) by (unfold satisfies in H1; destruct (is_strict r); [apply lt_le, H1 | exact H1]).
  assert (Y : 0 <= of_Z y * left_side r x) by (apply mul_nonneg; [apply of_Z_nonneg, Hy | exact R]).
  split; [apply add_nonneg; assumption|]. intros S. apply orb_true_iff in S as [S|S].
  - apply andb_true_iff in S as [S P]. apply Z.ltb_lt in P. unfold satisfies in H1. rewrite S in H1.
    intros N. apply H1. destruct y as [|y|y]; try lia. apply (positive_mul_nonpos y).
    apply (le_by (- (of_Z (Zpos y) * left_side r x + (dot of_Z a' x + of_Z b')) + (dot of_Z a' x + of_Z b'))); [|ring].
    apply add_nonneg; [apply nonpos_opp, N | exact I1].
  - specialize (I2 S). intros N. apply I2.
    apply (le_by (- (of_Z y * left_side r x + (dot of_Z a' x + of_Z b')) + of_Z y * left_side r x)); [|ring].
    apply add_nonneg; [apply nonpos_opp, N | exact Y].
Qed.

(** Farkas: what the check accepts has no solution. *)
Theorem farkas_sound ys rs (x : list F) : farkas ys rs = true -> ~ Forall (satisfies x) rs.
Proof.
  unfold farkas. intros H Hr. apply andb_true_iff in H as [Hy H]. destruct (combined ys rs) as [[a b] s] eqn:E.
  apply andb_true_iff in H as [Z H]. destruct (combined_ok ys rs a b s x Hy Hr E) as [I1 I2].
  rewrite (dot_zeros a x Z) in I1, I2. replace (0 + of_Z b) with (of_Z b : F) in I1, I2 by ring.
  apply orb_true_iff in H as [H|H].
  - apply Z.ltb_lt in H. apply (of_Z_lt (F := F) _ _ H). rewrite of_Z_0. exact I1.
  - apply andb_true_iff in H as [S B]. apply Z.eqb_eq in B. subst b. apply (I2 S). rewrite of_Z_0. apply le_refl.
Qed.
End Sound.
