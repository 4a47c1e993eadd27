(** Rational points: the theorems of [Network] and [Certificate] for numbers of type Qc, without any axiom. *)
From Coq Require Import List ZArith QArith Qcanon Lia.
From Exactzones Require Import Numbers Network Regions Certificate.

Definition whole_number (n : Z) : Qc := Q2Qc (inject_Z n).
Definition unit_fraction (n : positive) : Qc := Q2Qc (1 # n).

Lemma rational_total (a b : Qc) : ({a <= b} + {b <= a})%Qc.
Proof. destruct (Qclt_le_dec a b) as [H|H]; [left; apply Qclt_le_weak, H | right; exact H]. Qed.

Lemma rational_add (c a b : Qc) : (a <= b -> c + a <= c + b)%Qc.
Proof. intros H. apply Qcplus_le_compat; [apply Qcle_refl | exact H]. Qed.

Lemma rational_mul (a b : Qc) : (0 <= a -> 0 <= b -> 0 <= a * b)%Qc.
Proof. intros A B. replace 0%Qc with (0 * b)%Qc by ring. apply Qcmult_le_compat_r; assumption. Qed.

Lemma same (a b : Q) : (a == b)%Q -> Q2Qc a = Q2Qc b.
Proof. apply Q2Qc_eq_iff. Qed.

Lemma whole_add a b : whole_number (a + b) = (whole_number a + whole_number b)%Qc.
Proof.
  unfold whole_number, Qcplus. apply same. rewrite inject_Z_plus. unfold Q2Qc; cbn [this]. rewrite !Qred_correct. reflexivity.
Qed.
Lemma whole_mul a b : whole_number (a * b) = (whole_number a * whole_number b)%Qc.
Proof.
  unfold whole_number, Qcmult. apply same. rewrite inject_Z_mult. unfold Q2Qc; cbn [this]. rewrite !Qred_correct. reflexivity.
Qed.
Lemma whole_le a b : (a <= b)%Z -> (whole_number a <= whole_number b)%Qc.
Proof. intros H. unfold Qcle, whole_number, Q2Qc; cbn [this]. rewrite !Qred_correct. rewrite <- Zle_Qle. exact H. Qed.
Lemma unit_ok n : (whole_number (Zpos n) * unit_fraction n)%Qc = 1%Qc.
Proof.
  unfold whole_number, unit_fraction, Qcmult. apply same. unfold Q2Qc; cbn [this]. rewrite !Qred_correct.
  unfold Qeq, Qmult, inject_Z; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul. lia.
Qed.
Lemma rational_one_positive : ~ (1 <= 0)%Qc.
Proof. intros H. apply (Qcle_not_lt _ _ H). reflexivity. Qed.

Definition rationals : numbers := {|
  carrier := Qc; zero := 0%Qc; one := 1%Qc; add := Qcplus; mul := Qcmult; sub := Qcminus; opp := Qcopp; le := Qcle;
  of_Z := whole_number; part := unit_fraction;
  laws := Qcrt; le_refl := Qcle_refl; le_trans := Qcle_trans; le_antisym := Qcle_antisym; total := rational_total;
  le_add := rational_add; mul_nonneg := rational_mul; of_Z_1 := eq_refl; of_Z_add := whole_add; of_Z_mul := whole_mul;
  of_Z_le := whole_le; one_positive := rational_one_positive; part_ok := unit_ok
|}.

(** Accepted, and no zones are listed: no rational point of the domain has the property. *)
Theorem cannot_fire_rational u cl t :
  noises cl = nil -> check_case u cl nil t = Holds 0 -> forall x : list Qc, in_domain (F := rationals) cl x -> ~ has_property (F := rationals) cl x.
Proof. intros N C. exact (accepted_cannot_fire rationals u cl t N C). Qed.

(** Accepted: every rational point of the domain that has the property lies in a listed zone's closed cell. *)
Theorem complete_rational u cl zones t :
  noises cl = nil -> check_case u cl zones t = Holds 0 ->
  forall x : list Qc, in_domain (F := rationals) cl x -> has_property (F := rationals) cl x ->
  exists s, In s zones /\ in_cell (F := rationals) (network cl) (horizon (conditions cl)) s x.
Proof. intros N C. exact (accepted_complete rationals u cl zones t N C). Qed.
