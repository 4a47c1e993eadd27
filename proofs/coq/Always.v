(** Witnesses for float programs: a number of the format at which every execution has the property, in whatever order sums are computed. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Network Kinds Execution Backward Rounded Regions Certificate Witness Deployed Field.
Import ListNotations.
Local Open Scope Z_scope.

(** A format: precision, the exponent of the smallest normal number, and the largest number. *)
Record format := Format { precision : Z; least_exponent : Z; greatest : Z }.

(** A positive integer without the zeros at its end. *)
Fixpoint odd_part (p : positive) : positive := match p with xO p' => odd_part p' | _ => p end.
(** Whether n / d is a number of the format: d is a power of two, and n has few digits, apart from zeros at its end. *)
Definition float_number (f : format) (q : Q) : bool :=
  let k := Z.log2 (Zpos (Qden q)) in
  (0 <? precision f) && (Z.shiftl 1 k =? Zpos (Qden q)) && (k <=? precision f - 1 - least_exponent f) &&
  (Z.abs (Qnum q) <=? greatest f * Zpos (Qden q)) &&
  match Z.abs (Qnum q) with Zpos n => Zpos (odd_part n) <? Z.shiftl 1 (precision f) | _ => true end.

Section Compute.
Variable u : positive.
Variable grid : positive.

(** The point as a polyhedron, the contrary of a condition, and bounds of all units. *)
Definition pinned (x : list Q) : list row :=
  concat (map (fun jq : nat * Q =>
    [(- Qnum (snd jq), repeat 0 (fst jq) ++ [Zpos (Qden (snd jq))]); (Qnum (snd jq), repeat 0 (fst jq) ++ [- Zpos (Qden (snd jq))])])
    (combine (seq 0 (length x)) x)).
Definition contrary (c : condition) : condition :=
  Condition (place c) (after_relu c) (map Z.opp (terms c)) (- constant c) (constant_den c) (negb (strict c)).
Definition all_bounds (net : list layer) (depth : nat) : list (list bound) :=
  map (fun i => concat (map (fun j => [Bound (S i) j false false no_hint; Bound (S i) j true false no_hint]) (seq 0 (width (nth i net no_layer)))))
      (seq 0 depth).

Definition never_fails (largest : Z) (rds : list rounding) (cl : claim) (x : list Q) (c : condition) : bool :=
  match deploy u grid largest rds (Claim (network cl) (inputs cl) (pinned x) [] [contrary c] []) with
  | None => false
  | Some cl' =>
      match check_case u cl' [] (No 0 (all_bounds (network cl) (horizon [c])) [(O, 1)] false no_hint) with
      | Holds 0 => true
      | _ => false
      end
  end.
(** The point is in the domain, its coordinates are numbers of the format, and no execution fails a condition there. *)
Definition fires_always (f : format) (rds : list rounding) (cl : claim) (x : list Q) : bool :=
  Nat.eqb (length x) (inputs cl) && forallb (fun r => q_row_ok r x) (domain cl) && forallb (fun r => q_row_strict r x) (strict_rows cl) &&
  forallb (float_number f) x && forallb (never_fails (greatest f) rds cl x) (conditions cl).
End Compute.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Notation point := (map (@q_value F)).

Lemma dot_at i v (x : list F) : dot of_Z (repeat 0%Z i ++ [v]) x = of_Z v * nth i x 0.
Proof. revert x; induction i as [|i IH]; intros [|w x]; cbn [repeat app dot nth]; rewrite ?IH, ?of_Z_0; ring. Qed.

Lemma pinned_ok (x : list Q) : Forall (fun r => row_ok r (point x)) (pinned x).
Proof.
  unfold pinned. apply Forall_concat, Forall_map, Forall_forall. intros [j q] I. cbn [fst snd].
  assert (N : nth j (point x) 0 = q_value q).
  { apply in_combine_l in I as L. apply in_seq in L. pose proof I as C.
    destruct (In_nth _ _ (O, 0%Q) C) as (k & K & E). rewrite combine_length, seq_length, Nat.min_id in K.
    rewrite combine_nth, seq_nth in E by (rewrite ?seq_length; auto). injection E as <- <-. cbn [Nat.add].
    rewrite (nth_indep _ 0 (q_value 0%Q)) by (rewrite map_length; exact K). apply map_nth. }
  assert (V : of_Z (Zpos (Qden q)) * q_value q = (of_Z (Qnum q) : F)).
  { unfold q_value. replace (of_Z (Zpos (Qden q)) * (of_Z (Qnum q) * part (Qden q))) with (of_Z (Zpos (Qden q)) * (part (Qden q) * of_Z (Qnum q)) : F) by ring.
    apply part_l. }
  repeat constructor; unfold row_ok; cbn [fst snd]; rewrite dot_at, N.
  - rewrite V, of_Z_opp. apply le_eq. ring.
  - change (- Zpos (Qden q))%Z with (Zneg (Qden q)). change (Zneg (Qden q)) with (- Zpos (Qden q))%Z. rewrite of_Z_opp.
    replace (- of_Z (Zpos (Qden q)) * q_value q) with (- (of_Z (Zpos (Qden q)) * q_value q) : F) by ring. rewrite V. apply le_eq. ring.
Qed.

Lemma contrary_value c (r : execution F) : condition_value (contrary c) r = - condition_value c r.
Proof.
  unfold condition_value, contrary; cbn [terms after_relu place constant constant_den].
  assert (D : forall ts (zs : list F), dot of_Z (map Z.opp ts) zs = - dot of_Z ts zs).
  { induction ts as [|t ts IH]; intros [|z zs]; cbn [map dot]; try ring. rewrite IH, of_Z_opp. ring. }
  rewrite D, of_Z_opp. ring.
Qed.

Lemma contrary_ok c (r : execution F) : ~ holds (contrary c) r -> holds c r.
Proof.
  unfold holds. rewrite contrary_value. cbn [strict contrary]. destruct (strict c); cbn [negb]; intros N.
  - intros H. apply N, nonpos_opp, H.
  - destruct (le_dec (- condition_value c r) 0) as [H|H]; [|destruct (N H)].
    apply (le_by (- - condition_value c r)); [apply nonpos_opp, H | ring].
Qed.

(** At the witness every execution that is computed within its roundings has the property. *)
Theorem fires_always_ok u grid f rds cl x :
  fires_always u grid f rds cl x = true ->
  forall r : execution F, runs (network cl) r -> rounds (network cl) rds r -> input r = point x ->
  in_domain cl (input r) /\ strictly_inside cl (input r) /\ run_has_property cl r.
Proof.
  unfold fires_always. intros H r Run Rd In. apply andb_true_iff in H as [H C]. apply andb_true_iff in H as [H _].
  apply andb_true_iff in H as [H S]. apply andb_true_iff in H as [L D]. apply Nat.eqb_eq in L. rewrite forallb_forall in D, C, S.
  rewrite In. split; [split|split]; [rewrite map_length; exact L | | |]; apply Forall_forall.
  - intros row I. specialize (D row I). unfold q_row_ok in D. apply Z.leb_le in D. unfold row_ok. rewrite <- q_row_value. apply q_nonneg, D.
  - intros row I. specialize (S row I). unfold q_row_strict in S. apply Z.ltb_lt in S. rewrite <- q_row_value. apply sign_positive, S.
  - intros c I. specialize (C c I). unfold never_fails in C. apply contrary_ok. intros N.
    destruct (deploy u grid (greatest f) rds _) as [cl'|] eqn:E; [|discriminate].
    destruct (check_case u cl' [] _) as [[|]|] eqn:K; try discriminate.
    refine (accepted_deployed u grid (greatest f) rds _ cl' _ r E K Run Rd _ _).
    + split; cbn [inputs domain]; rewrite In; [rewrite map_length; exact L | apply pinned_ok].
    + cbn [conditions]. repeat constructor. exact N.
Qed.
End Sound.
