(** Ordered fields: signs, division, small numbers. *)
From Coq Require Import List ZArith Ring Bool.
From Exactzones Require Import Numbers.

(** One can divide by positive numbers: an ordered field. *)
Definition divides (F : numbers) : Prop := forall a : F, (0 < a)%num -> exists b, (a * b = 1)%num.

Section Field.
Context {F : numbers}.
Add Ring F_ring : (laws F).
Local Open Scope num_scope.
Hypothesis inverse : divides F.

Lemma le_dec (a b : F) : {a <= b} + {b < a}.
Proof.
  set (left c := if total c (0 : F) then true else false).
  assert (Z : forall c : F, 0 <= c -> {c = 0} + {0 < c}).
  { intros c C. assert (N : c = 0 -> left c = left 0 /\ left (- c) = left 0).
    { intros ->. split; [reflexivity | f_equal; ring]. }
    destruct (bool_dec (left c) (left 0)) as [E|E]; [|right; intros L; apply E, N, le_antisym; assumption].
    destruct (bool_dec (left (- c)) (left 0)) as [M|M]; [|right; intros L; apply M, N, le_antisym; assumption].
    left. apply le_antisym; [|exact C].
    unfold left in E, M. destruct (total c 0) as [L|_]; [exact L|]. destruct (total (- c) 0) as [_|L], (total (0 : F) 0); try discriminate.
    apply (le_by (- c)); [exact L | ring]. }
  destruct (total a b) as [H|H]; [left; exact H|].
  destruct (Z (a - b) (nonneg_sub _ _ H)) as [E|P].
  - left. apply le_eq. replace a with (a - b + b) by ring. rewrite E. ring.
  - right. intros L. apply P. apply (le_by (b - a)); [apply nonneg_sub, L | ring].
Qed.

Lemma negative_opp (a : F) : a < 0 <-> 0 < - a.
Proof.
  split; intros H K; apply H.
  - apply (le_by (- - a)); [apply nonpos_opp, K | ring].
  - apply (le_by a); [exact K | ring].
Qed.

Lemma sign (a : F) : 0 < a \/ a < 0 \/ a = 0.
Proof.
  destruct (le_dec a 0) as [H|H]; [|left; exact H]. destruct (le_dec 0 a) as [K|K]; [|right; left; exact K].
  right; right. apply le_antisym; assumption.
Qed.

Lemma add_positive (a b : F) : 0 < a -> 0 <= b -> 0 < a + b.
Proof. intros A B. apply (lt_le_trans _ a); [exact A|]. apply (le_by b); [exact B | ring]. Qed.

Lemma one_over (a : F) : 0 < a -> exists b, 0 < b /\ a * b = 1.
Proof.
  intros A. destruct (inverse a A) as [b E]. exists b. split; [|exact E]. intros B. apply (one_positive F).
  apply (le_by (a * - b)); [apply mul_nonneg; [apply lt_le, A | apply nonpos_opp, B]|]. rewrite <- E. ring.
Qed.

Lemma mul_positive (a b : F) : 0 < a -> 0 < b -> 0 < a * b.
Proof.
  intros A B. destruct (one_over a A) as (c & C & E). intros H. apply B.
  apply (le_by (c * - (a * b))); [apply mul_nonneg; [apply lt_le, C | apply nonpos_opp, H]|].
  replace 0 with (b - (a * c) * b) by (rewrite E; ring). ring.
Qed.

Lemma mul_zero (a b : F) : 0 < a -> a * b = 0 -> b = 0.
Proof.
  intros A H. destruct (inverse a A) as [c E]. replace b with (a * c * b) by (rewrite E; ring).
  replace (a * c * b) with (c * (a * b)) by ring. rewrite H. ring.
Qed.

Lemma positive_1 : (0 : F) < 1.
Proof. apply one_positive. Qed.

Lemma small (a b : F) : 0 < a -> 0 <= b -> exists e, 0 < e /\ e * b < a.
Proof.
  intros A B. destruct (one_over (1 + b)) as (c & C & E); [apply add_positive; [apply positive_1 | exact B]|].
  exists (a * c). split; [apply mul_positive; assumption|].
  apply (lt_by (a * c)); [apply mul_positive; assumption|].
  replace a with (a * ((1 + b) * c)) at 1 by (rewrite E; ring). ring.
Qed.

Lemma half (e : F) : 0 < e -> exists h, 0 < h /\ h + h = e.
Proof.
  intros E. exists (e * part 2). split; [apply mul_part_positive, E|].
  replace (e * part 2 + e * part 2) with (of_Z 2 * (part 2 * e)); [apply part_l|].
  change 2%Z with (1 + 1)%Z. rewrite of_Z_add, of_Z_1. ring.
Qed.

Lemma smaller (a b : F) : 0 < a -> 0 < b -> exists c, 0 < c /\ c <= a /\ c <= b.
Proof. intros A B. destruct (total a b) as [H|H]; [exists a | exists b]; repeat split; try assumption; apply le_refl. Qed.

Lemma zero_or_not (a : F) : a = 0 \/ a <> 0.
Proof.
  destruct (sign a) as [H|[H|H]]; [right | right | left; exact H]; intros ->; exact (H (le_refl _ _)).
Qed.

Lemma same_factor (m a b : F) : m <> 0 -> m * a = m * b -> a = b.
Proof.
  intros M H. replace a with (a - b + b) by ring. enough (E : a - b = 0) by (rewrite E; ring).
  destruct (sign m) as [P|[P|P]]; [apply (mul_zero m) | apply (mul_zero (- m)) | destruct (M P)];
    [exact P | | apply negative_opp, P |].
  - replace (m * (a - b)) with (m * a - m * b) by ring. rewrite H. ring.
  - replace (- m * (a - b)) with (m * b - m * a) by ring. rewrite H. ring.
Qed.

Lemma not_zero (m : F) : 0 < m -> m <> 0.
Proof. intros M ->. exact (M (le_refl _ _)). Qed.

(** Where on the way from u to v zero is. *)
Lemma crossing (u v : F) : 0 < u -> v < 0 -> exists t, 0 < t /\ 0 < 1 - t /\ (1 - t) * u + t * v = 0.
Proof.
  intros U V. apply negative_opp in V. destruct (one_over (u - v)) as (c & C & E).
  { replace (u - v) with (u + - v) by ring. apply add_positive; [exact U | apply lt_le, V]. }
  assert (O : 1 - u * c = - v * c) by (rewrite <- E; ring).
  exists (u * c). split; [apply mul_positive; assumption|]. rewrite O.
  split; [apply mul_positive; assumption | ring].
Qed.

(** If v is not zero, unless u is: either v is on the side of zero on which u is, or zero is strictly between them. *)
Lemma same_side_or_root (u v : F) :
  (v = 0 -> u = 0) -> (0 < u -> 0 < v) /\ (u < 0 -> v < 0) \/ u <> 0 /\ exists t, 0 < t /\ 0 < 1 - t /\ (1 - t) * u + t * v = 0.
Proof.
  intros Z. destruct (sign u) as [U|[U|U]], (sign v) as [V|[V|V]];
    try (rewrite (Z V) in U; destruct (U (le_refl _ _))); try solve [left; split; auto; intros K; destruct (K (lt_le _ _ U))];
    try solve [left; rewrite U; split; intros K; destruct (K (le_refl _ _))]; right.
  - split; [apply not_zero, U | apply crossing; assumption].
  - split; [intros ->; exact (U (le_refl _ _))|]. apply negative_opp in U. destruct (crossing (- u) (- v) U) as (t & T & T' & E).
    + apply negative_opp. replace (- - v) with v by ring. exact V.
    + exists t. repeat (split; [assumption|]). replace ((1 - t) * u + t * v) with (- ((1 - t) * - u + t * - v)) by ring. rewrite E. ring.
Qed.
End Field.
