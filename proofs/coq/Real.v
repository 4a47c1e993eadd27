(** Real points: the same theorems for the real numbers of Coq's library, with that library's axioms and no others. *)
From Coq Require Import List ZArith Reals Lra Lia.
From Exactzones Require Import Numbers Network Regions Certificate.
Local Open Scope R_scope.

Definition real_part (n : positive) : R := / IZR (Zpos n).

Lemma real_total (a b : R) : {a <= b} + {b <= a}.
Proof. destruct (Rle_lt_dec a b) as [H|H]; [left; exact H | right; apply Rlt_le, H]. Qed.
Lemma real_add (c a b : R) : a <= b -> c + a <= c + b.
Proof. lra. Qed.
Lemma real_mul (a b : R) : 0 <= a -> 0 <= b -> 0 <= a * b.
Proof. apply Rmult_le_pos. Qed.
Lemma real_one_positive : ~ 1 <= 0.
Proof. lra. Qed.
Lemma real_part_ok n : IZR (Zpos n) * real_part n = 1.
Proof. apply Rinv_r. apply not_0_IZR. lia. Qed.

Definition reals : numbers := {|
  carrier := R; zero := 0; one := 1; add := Rplus; mul := Rmult; sub := Rminus; opp := Ropp; le := Rle; of_Z := IZR; part := real_part;
  laws := RTheory; le_refl := Rle_refl; le_trans := Rle_trans; le_antisym := Rle_antisym; total := real_total;
  le_add := real_add; mul_nonneg := real_mul; of_Z_1 := eq_refl; of_Z_add := plus_IZR; of_Z_mul := mult_IZR;
  of_Z_le := IZR_le; one_positive := real_one_positive; part_ok := real_part_ok
|}.

(** Accepted, and no zones are listed: no real point of the domain has the property. *)
Theorem cannot_fire_real u cl t :
  noises cl = nil -> check_case u cl nil t = Holds 0 -> forall x : list R, in_domain (F := reals) cl x -> ~ has_property (F := reals) cl x.
Proof. intros N C. exact (accepted_cannot_fire reals u cl t N C). Qed.

(** Accepted: every real point of the domain that has the property lies in a listed zone's closed cell. *)
Theorem complete_real u cl zones t :
  noises cl = nil -> check_case u cl zones t = Holds 0 ->
  forall x : list R, in_domain (F := reals) cl x -> has_property (F := reals) cl x ->
  exists s, In s zones /\ in_cell (F := reals) (network cl) (horizon (conditions cl)) s x.
Proof. intros N C. exact (accepted_complete reals u cl zones t N C). Qed.
