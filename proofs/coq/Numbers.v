(** Numbers: a linearly ordered commutative ring that contains the rational numbers.

    Everything about networks is proved once, for any such numbers; [Rational] and [Real] say it for rational and for real points. *)
From Coq Require Import List ZArith Ring Lia.
Import ListNotations.

Record numbers := Numbers {
  carrier :> Type;
  zero : carrier;
  one : carrier;
  add : carrier -> carrier -> carrier;
  mul : carrier -> carrier -> carrier;
  sub : carrier -> carrier -> carrier;
  opp : carrier -> carrier;
  le : carrier -> carrier -> Prop;
  of_Z : Z -> carrier;
  part : positive -> carrier;                                     (* 1 / n *)
  laws : ring_theory zero one add mul sub opp eq;
  le_refl : forall a, le a a;
  le_trans : forall a b c, le a b -> le b c -> le a c;
  le_antisym : forall a b, le a b -> le b a -> a = b;
  total : forall a b, {le a b} + {le b a};
  le_add : forall c a b, le a b -> le (add c a) (add c b);
  mul_nonneg : forall a b, le zero a -> le zero b -> le zero (mul a b);
  of_Z_1 : of_Z 1 = one;
  of_Z_add : forall a b, of_Z (a + b) = add (of_Z a) (of_Z b);
  of_Z_mul : forall a b, of_Z (a * b) = mul (of_Z a) (of_Z b);
  of_Z_le : forall a b, (a <= b)%Z -> le (of_Z a) (of_Z b);
  one_positive : ~ le one zero;
  part_ok : forall n, mul (of_Z (Zpos n)) (part n) = one
}.

Arguments zero {_}. Arguments one {_}. Arguments add {_}. Arguments mul {_}. Arguments sub {_}. Arguments opp {_}.
Arguments le {_}. Arguments of_Z {_}. Arguments part {_}. Arguments total {_}.
Declare Scope num_scope.
Delimit Scope num_scope with num.
Infix "+" := add : num_scope.
Infix "*" := mul : num_scope.
Infix "-" := sub : num_scope.
Notation "- a" := (opp a) : num_scope.
Infix "<=" := le : num_scope.
Notation "a < b" := (~ le b a) : num_scope.
Notation "0" := zero : num_scope.
Notation "1" := one : num_scope.

Section Facts.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Implicit Types a b c d x : F.

Lemma le_eq a b : a = b -> a <= b.
Proof. intros ->. apply le_refl. Qed.

(** To prove a <= b, show what b - a is, and that this is not negative. *)
Lemma le_by d a b : 0 <= d -> b = a + d -> a <= b.
Proof. intros H ->. apply (le_trans _ _ (a + 0)); [apply le_eq; ring | apply le_add, H]. Qed.

Lemma nonneg_sub a b : a <= b -> 0 <= b - a.
Proof.
  intros H. pose proof (le_add _ (- a) _ _ H) as K.
  replace (- a + a) with (0 : F) in K by ring. replace (- a + b) with (b - a) in K by ring. exact K.
Qed.

Lemma add_le a b c d : a <= b -> c <= d -> a + c <= b + d.
Proof.
  intros H K. apply (le_trans _ _ (a + d)); [apply le_add, K|].
  replace (a + d) with (d + a) by ring. replace (b + d) with (d + b) by ring. apply le_add, H.
Qed.

Lemma add_nonneg a b : 0 <= a -> 0 <= b -> 0 <= a + b.
Proof. intros H K. replace (0 : F) with (0 + 0 : F) by ring. apply add_le; assumption. Qed.

Lemma mul_le_l c a b : 0 <= c -> a <= b -> c * a <= c * b.
Proof. intros C H. apply (le_by (c * (b - a))); [apply mul_nonneg, nonneg_sub; assumption | ring]. Qed.

Lemma mul_le_r c a b : 0 <= c -> a <= b -> a * c <= b * c.
Proof. intros C H. replace (a * c) with (c * a) by ring. replace (b * c) with (c * b) by ring. apply mul_le_l; assumption. Qed.

Lemma opp_le a b : a <= b -> - b <= - a.
Proof. intros H. apply (le_by (b - a)); [apply nonneg_sub, H | ring]. Qed.

Lemma nonpos_opp a : a <= 0 -> 0 <= - a.
Proof. intros H. replace (0 : F) with (- 0 : F) by ring. apply opp_le, H. Qed.

Lemma lt_le a b : a < b -> a <= b.
Proof. intros H. destruct (total a b) as [K|K]; [exact K | destruct (H K)]. Qed.

Lemma le_lt_trans a b c : a <= b -> b < c -> a < c.
Proof. intros H K L. apply K, (le_trans _ _ a); assumption. Qed.

Lemma lt_le_trans a b c : a < b -> b <= c -> a < c.
Proof. intros H K L. apply H, (le_trans _ _ c); assumption. Qed.

Lemma lt_by d a b : 0 < d -> b = a + d -> a < b.
Proof.
  intros D -> H. apply D. apply (le_by (a - (a + d))); [apply nonneg_sub, H | ring].
Qed.

Lemma of_Z_0 : of_Z 0 = (0 : F).
Proof.
  assert (H : of_Z 0 = of_Z 0 + of_Z 0 :> F) by (rewrite <- of_Z_add; reflexivity).
  replace (of_Z 0 : F) with (of_Z 0 + of_Z 0 - of_Z 0 : F) by ring. rewrite <- H. ring.
Qed.

Lemma of_Z_opp n : of_Z (- n) = - of_Z n :> F.
Proof.
  replace (of_Z (- n) : F) with (of_Z (- n) + of_Z n - of_Z n : F) by ring.
  rewrite <- of_Z_add, Z.add_opp_diag_l, of_Z_0. ring.
Qed.

Lemma of_Z_sub m n : of_Z (m - n) = of_Z m - of_Z n :> F.
Proof. unfold Z.sub. rewrite of_Z_add, of_Z_opp. ring. Qed.

Lemma of_Z_nonneg n : (0 <= n)%Z -> (0 : F) <= of_Z n.
Proof. intros H. rewrite <- of_Z_0. apply of_Z_le, H. Qed.

Lemma part_nonneg n : (0 : F) <= part n.
Proof.
  replace (part n : F) with (of_Z (Zpos n) * (part n * part n) : F).
  - apply mul_nonneg; [apply of_Z_nonneg; lia|]. destruct (total (0 : F) (part n)) as [H|H].
    + apply mul_nonneg; exact H.
    + replace (part n * part n : F) with ((- part n) * (- part n) : F) by ring. apply mul_nonneg; apply nonpos_opp, H.
  - replace (of_Z (Zpos n) * (part n * part n) : F) with ((of_Z (Zpos n) * part n) * part n : F) by ring.
    rewrite part_ok. ring.
Qed.

(** Multiplying by n and dividing by n. *)
Lemma part_l n a : of_Z (Zpos n) * (part n * a) = a.
Proof. replace (of_Z (Zpos n) * (part n * a)) with ((of_Z (Zpos n) * part n) * a) by ring. rewrite part_ok. ring. Qed.

Lemma cancel n a b : of_Z (Zpos n) * a <= of_Z (Zpos n) * b -> a <= b.
Proof.
  intros H. rewrite <- (part_l n a), <- (part_l n b).
  replace (of_Z (Zpos n) * (part n * a)) with (part n * (of_Z (Zpos n) * a)) by ring.
  replace (of_Z (Zpos n) * (part n * b)) with (part n * (of_Z (Zpos n) * b)) by ring.
  apply mul_le_l; [apply part_nonneg | exact H].
Qed.

Lemma cancel_eq n a b : of_Z (Zpos n) * a = of_Z (Zpos n) * b -> a = b.
Proof. intros H. apply le_antisym; apply (cancel n); rewrite H; apply le_refl. Qed.

Lemma of_Z_lt m n : (m < n)%Z -> (of_Z m : F) < of_Z n.
Proof.
  intros H K. assert (L : (1 : F) <= 0); [|exact (one_positive F L)].
  rewrite <- of_Z_1. apply (le_trans _ _ (of_Z (n - m))); [apply of_Z_le; lia|].
  rewrite of_Z_sub. apply (le_by (of_Z m - of_Z n)); [apply nonneg_sub, K | ring].
Qed.

Lemma positive_of_Z n : (0 : F) < of_Z (Zpos n).
Proof. rewrite <- of_Z_0. apply of_Z_lt. lia. Qed.

Lemma positive_mul_nonpos n a : of_Z (Zpos n) * a <= 0 -> a <= 0.
Proof. intros H. apply (cancel n). replace (of_Z (Zpos n) * 0) with (0 : F) by ring. exact H. Qed.

Lemma mul_part_positive n a : 0 < a -> 0 < a * part n.
Proof.
  intros H K. apply H. replace a with (of_Z (Zpos n) * (a * part n)).
  - apply (le_by (of_Z (Zpos n) * (- (a * part n)))); [|ring].
    apply mul_nonneg; [apply of_Z_nonneg; lia | apply nonpos_opp, K].
  - replace (a * part n) with (part n * a) by ring. apply part_l.
Qed.

(** Weighted sums; the shorter list is read as padded with zeros. *)
Fixpoint dot {A : Type} (f : A -> F) (cs : list A) (vs : list F) : F :=
  match cs, vs with c :: cs', v :: vs' => f c * v + dot f cs' vs' | _, _ => 0 end.

Lemma dot_nil_r A (f : A -> F) cs : dot f cs [] = 0.
Proof. destruct cs; reflexivity. Qed.

(** The larger of a number and zero. *)
Definition relu (z : F) : F := if total z 0 then 0 else z.

Lemma relu_off z : z <= 0 -> relu z = 0.
Proof. intros H. unfold relu. destruct (total z 0) as [K|K]; [reflexivity | apply le_antisym; assumption]. Qed.

Lemma relu_on z : 0 <= z -> relu z = z.
Proof. intros H. unfold relu. destruct (total z 0) as [K|K]; [apply le_antisym; assumption | reflexivity]. Qed.

Lemma relu_nonneg z : 0 <= relu z.
Proof. unfold relu. destruct (total z 0) as [K|K]; [apply le_refl | exact K]. Qed.
End Facts.
