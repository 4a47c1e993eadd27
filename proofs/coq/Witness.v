(** Witnesses: a rational point at which the claim's conditions hold, and one for each zone, checked by exact evaluation. *)
From Coq Require Import List ZArith QArith Ring Lia Bool.
From Exactzones Require Import Numbers Linear Network Kinds Execution Backward Rounded Regions.
Import ListNotations.
Local Open Scope Z_scope.

(** An integer row times rational values. *)
Definition q_dot (ws : list Z) (a : list Q) : Q :=
  let d := common a in reduced (z_dot ws (map (over d) a)) (Z.to_pos d).
Definition q_pre (l : layer) (a : list Q) : list Q :=
  let d := common a in
  let ns := map (over d) a in
  map (fun wb => q_plus (reduced (z_dot (fst wb) ns) (Z.to_pos d * weight_den l)) (reduced (snd wb) (bias_den l)))
      (combine (weights l) (biases l)).
Definition q_relu (z : Q) : Q := if Qnum z <=? 0 then Qmake 0 1 else z.
Fixpoint q_activate (ms : list bool) (zs : list Q) : list Q :=
  match ms, zs with m :: ms', z :: zs' => (if m then q_relu z else z) :: q_activate ms' zs' | _, _ => [] end.
Fixpoint q_after (net : list layer) (n : nat) (x : list Q) : list Q :=
  match n with O => x | S i => let l := nth i net no_layer in q_activate (relus l) (q_pre l (q_after net i x)) end.
Definition q_before (net : list layer) (n : nat) (x : list Q) : list Q :=
  match n with O => x | S i => q_pre (nth i net no_layer) (q_after net i x) end.
Fixpoint q_switches (net : list layer) (n : nat) (x : list Q) : list Q :=
  match n with O => [] | S i => q_switches net i x ++ chosen (relus (nth i net no_layer)) (q_before net (S i) x) end.

Definition q_row_ok (r : row) (x : list Q) : bool := 0 <=? Qnum (q_plus (Qmake (fst r) 1) (q_dot (snd r) x)).
Definition q_row_strict (r : row) (x : list Q) : bool := 0 <? Qnum (q_plus (Qmake (fst r) 1) (q_dot (snd r) x)).
Definition q_holds (net : list layer) (c : condition) (x : list Q) : bool :=
  let v := Qnum (q_plus (q_dot (terms c) (if after_relu c then q_after net (place c) x else q_before net (place c) x))
                        (reduced (constant c) (constant_den c))) in
  if strict c then 0 <? v else 0 <=? v.

(** The point is in the domain and has the property. *)
Definition fires_at (cl : claim) (x : list Q) : bool :=
  Nat.eqb (length x) (inputs cl) && forallb (fun r => q_row_ok r x) (domain cl) &&
  forallb (fun r => q_row_strict r x) (strict_rows cl) && forallb (fun c => q_holds (network cl) c x) (conditions cl).

Definition q_agree (z : Q) (on : bool) : bool := if on then 0 <=? Qnum z else Qnum z <=? 0.
Fixpoint agree_all (zs : list Q) (s : list bool) : bool :=
  match zs, s with
  | [], [] => true
  | z :: zs', on :: s' => q_agree z on && agree_all zs' s'
  | _, _ => false
  end.
(** It is a witness of a zone, too: it lies in the closed cell of the zone's pattern. *)
Definition witness_of (cl : claim) (s : list bool) (x : list Q) : bool :=
  fires_at cl x && agree_all (q_switches (network cl) (horizon (conditions cl)) x) s.

Section Sound.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Notation point := (map (@q_value F)).

Lemma dot_scaled_values ws (vs : list F) c : dot of_Z ws (map (fun v => v * c) vs) = dot of_Z ws vs * c.
Proof. revert vs; induction ws as [|w ws IH]; intros [|v vs]; cbn [dot map]; try ring. rewrite IH. ring. Qed.

Lemma common_values ws a d : common a = Zpos d -> dot of_Z ws (point a) = of_Z (z_dot ws (map (over (Zpos d)) a)) * part d.
Proof.
  intros E. rewrite z_dot_ok, <- dot_scaled_values, !map_map. f_equal. apply map_ext_in. intros p I. apply eq_sym, over_ok.
  rewrite <- E. apply common_ok, I.
Qed.

Lemma q_dot_ok ws a : q_value (q_dot ws a) = dot of_Z ws (point a).
Proof.
  unfold q_dot. destruct (common_ok a) as [P _]. destruct (common a) as [|d|] eqn:E; try lia. cbn [Z.to_pos].
  rewrite reduced_ok, (common_values ws a d E). reflexivity.
Qed.

Lemma q_pre_ok l a : point (q_pre l a) = pre l (point a).
Proof.
  unfold q_pre, pre. destruct (common_ok a) as [P _]. destruct (common a) as [|d|] eqn:E; try lia. cbn [Z.to_pos].
  rewrite map_map. apply map_ext. intros [ws b]. unfold unit_pre; cbn [fst snd].
  rewrite q_plus_ok, !reduced_ok, (common_values ws a d E), part_mul. ring.
Qed.

Lemma sign_nonpos z : (Qnum z <= 0)%Z -> q_value z <= (0 : F).
Proof.
  intros H. unfold q_value. replace (0 : F) with (of_Z 0 * part (Qden z) : F) by (rewrite of_Z_0; ring). apply scaled_le, of_Z_le, H.
Qed.
Lemma sign_positive z : (0 < Qnum z)%Z -> (0 : F) < q_value z.
Proof. intros H. unfold q_value. apply mul_part_positive. rewrite <- of_Z_0. apply of_Z_lt, H. Qed.

Lemma q_activate_ok ms zs : point (q_activate ms zs) = activate ms (point zs).
Proof.
  revert zs; induction ms as [|m ms IH]; intros [|z zs]; cbn [q_activate activate map]; try reflexivity.
  rewrite IH. f_equal. destruct m; [|reflexivity]. unfold q_relu. destruct (Z.leb_spec (Qnum z) 0) as [H|H].
  - rewrite relu_off by (apply sign_nonpos, H). unfold q_value; cbn [Qnum Qden]. rewrite of_Z_0. ring.
  - rewrite relu_on by (apply lt_le, sign_positive, H). reflexivity.
Qed.

Lemma q_after_ok net n x : point (q_after net n x) = after net n (point x).
Proof. induction n as [|n IH]; cbn [q_after after]; [reflexivity|]. rewrite q_activate_ok, q_pre_ok, IH. reflexivity. Qed.
Lemma q_before_ok net n x : point (q_before net n x) = before net n (point x).
Proof. destruct n as [|n]; cbn [q_before before]; [reflexivity|]. rewrite q_pre_ok, q_after_ok. reflexivity. Qed.

Lemma chosen_map A B (f : A -> B) ms zs : map f (chosen ms zs) = chosen ms (map f zs).
Proof.
  revert zs; induction ms as [|[] ms IH]; intros [|z zs]; cbn [chosen map]; try reflexivity; [f_equal|]; apply IH.
Qed.
Lemma q_switches_ok net n x : point (q_switches net n x) = switches net n (point x).
Proof.
  induction n as [|n IH]; cbn [q_switches switches]; [reflexivity|]. rewrite map_app, IH, chosen_map, q_before_ok. reflexivity.
Qed.

(** Rows that hold strictly. *)
Definition strictly_inside (cl : claim) (x : list F) : Prop := Forall (fun r => 0 < of_Z (fst r) + dot of_Z (snd r) x) (strict_rows cl).

Lemma q_row_value r x : q_value (q_plus (fst r # 1) (q_dot (snd r) x)) = of_Z (fst r) + dot of_Z (snd r) (point x).
Proof.
  rewrite q_plus_ok, q_dot_ok. unfold q_value at 1; cbn [Qnum Qden].
  replace (part 1 : F) with (of_Z 1 * part 1 : F) by (rewrite of_Z_1; ring). rewrite part_ok. ring.
Qed.

(** The witness is in the domain and has the property. *)
Theorem fires_at_ok cl x :
  fires_at cl x = true -> in_domain cl (point x) /\ strictly_inside cl (point x) /\ has_property cl (point x).
Proof.
  unfold fires_at. intros H. apply andb_true_iff in H as [H C]. apply andb_true_iff in H as [H S]. apply andb_true_iff in H as [L D].
  apply Nat.eqb_eq in L. rewrite forallb_forall in D, C, S.
  split; [split|split]; [rewrite map_length; exact L | | |]; apply Forall_forall.
  - intros r I. specialize (D r I). unfold q_row_ok in D. apply Z.leb_le in D. unfold row_ok. rewrite <- q_row_value. apply q_nonneg, D.
  - intros r I. specialize (S r I). unfold q_row_strict in S. apply Z.ltb_lt in S. rewrite <- q_row_value. apply sign_positive, S.
  - intros c I. specialize (C c I). unfold q_holds in C. unfold holds.
    assert (V : condition_value c (exact_run (network cl) (point x))
                = q_value (q_plus (q_dot (terms c) (if after_relu c then q_after (network cl) (place c) x else q_before (network cl) (place c) x))
                                  (reduced (constant c) (constant_den c)))).
    { unfold condition_value; cbn [exact_run befores afters]. rewrite q_plus_ok, q_dot_ok, reduced_ok. destruct (after_relu c); rewrite ?q_after_ok, ?q_before_ok; reflexivity. }
    rewrite V. destruct (strict c); [apply Z.ltb_lt in C; apply sign_positive, C | apply Z.leb_le in C; apply q_nonneg, C].
Qed.

(** A zone's witness is in the zone's closed cell, and the conditions hold there: no listed zone is empty. *)
Theorem witness_ok cl s x :
  witness_of cl s x = true ->
  in_domain cl (point x) /\ strictly_inside cl (point x) /\ has_property cl (point x) /\ in_cell (network cl) (horizon (conditions cl)) s (point x).
Proof.
  unfold witness_of. intros H. apply andb_true_iff in H as [Fi S]. destruct (fires_at_ok _ _ Fi) as (D & T & P).
  split; [exact D|]. split; [exact T|]. split; [exact P|]. unfold in_cell. rewrite <- q_switches_ok. clear - S. revert s S.
  induction (q_switches (network cl) (horizon (conditions cl)) x) as [|z zs IH]; intros [|on s] S; cbn [agree_all map] in *;
    try discriminate; constructor.
  - apply andb_true_iff in S as [S _]. destruct on; cbn [agree q_agree] in *; apply Z.leb_le in S; [apply q_nonneg, S | apply sign_nonpos, S].
  - apply IH. apply andb_true_iff in S. tauto.
Qed.
End Sound.
